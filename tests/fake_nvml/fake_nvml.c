/* A stand-in for NVIDIA's management library, for tests on machines without a GPU.
 *
 * Its SONAME is libnvidia-ml.so.1, so the real `pynvml` loads it and the real ctypes path, struct layouts and error
 * mapping run. It can never pass for hardware: every name ends in "(FAKE)" and every UUID begins with GPU-fa4e.
 *
 * State comes from the text file named by $FAKE_NVML_STATE. It is read again once it has changed, and the tests replace
 * it atomically, so anything may change while a program runs. Lines are "key value"; "gpu N" begins the section of a
 * device; '#' begins a comment. Without that variable no driver is loaded (NVML_ERROR_DRIVER_NOT_LOADED).
 *
 * Load is a history: each line "load NANOSECONDS MILLIWATTS" says what the device draws from that time of
 * CLOCK_MONOTONIC on. Waves may be laid over it: "square FROM PERIOD HIGH MILLIWATTS" adds so much for the first
 * HIGH of each PERIOD, "triangle FROM PERIOD MILLIWATTS" a ramp up and down again (FROM, PERIOD and HIGH in ns of
 * CLOCK_MONOTONIC). Energy is the integral of all that in closed form, so it is exact, the same for every process
 * that reads the file, and a change of load never rewrites the past.
 *
 *   truth     fakeNvmlTrueMillijoules(gpu, from, to): the integral itself. No part of NVML; for tests only.
 *   counter   the integral up to the last whole step (100 ms), as nvmlDeviceGetTotalEnergyConsumption shows it.
 *   instant   the load now (field 186); average: the mean of the last second (field 185 and PowerUsage).
 *
 * Those sensors are ideal. With "sensor_period_nanoseconds" set they are as published of H100 (and A100): both are
 * renewed once a period only, "instant" being the mean of the last "sensor_window_nanoseconds" before that (25 ms of
 * each 100 ms: three quarters of the time are never seen), "average" that of the last second. Sensors and counter
 * each run with a phase of their own ("sensor_phase_nanoseconds", "step_phase_nanoseconds").
 * fakeNvmlReadAt(gpu, time, out) gives what each would say at any time: for tests on simulated time.
 *
 * With $FAKE_NVML_CALLS naming a file of eight bytes, calls on devices are counted in it, those of all processes.
 */
#include <fcntl.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

typedef unsigned int nvmlReturn;
typedef unsigned long long u64;

enum {
    SUCCESS = 0,
    UNINITIALIZED = 1,
    INVALID_ARGUMENT = 2,
    NOT_SUPPORTED = 3,
    NOT_FOUND = 6,
    INSUFFICIENT_SIZE = 7,
    DRIVER_NOT_LOADED = 9,
    GPU_IS_LOST = 15,
    ARGUMENT_VERSION_MISMATCH = 25,
};

enum { MAX_GPUS = 8, MAX_LOADS = 256, MAX_WAVES = 8, MAX_PROCESSES = 16, MAX_MIG = 7 };
enum { FIELD_ENERGY = 83, FIELD_POWER_AVERAGE = 185, FIELD_POWER_INSTANT = 186 };
static const u64 VALUE_NOT_AVAILABLE = ~0ULL;
static const int64_t SECOND = 1000000000;

typedef struct {
    int64_t from; /* ns of CLOCK_MONOTONIC */
    double milliwatts;
} Load;

typedef struct {
    int64_t from, period; /* ns */
    int64_t high;         /* ns of each period at full height; 0: a triangle */
    double milliwatts;    /* its height */
} Wave;

typedef struct {
    unsigned count;
    unsigned pids[MAX_PROCESSES];
} Processes;

typedef struct {
    char name[96], uuid[96];
    Load loads[MAX_LOADS];
    int load_count;
    Wave waves[MAX_WAVES];
    int wave_count;
    double base_millijoules;  /* what the counter showed when the history began */
    int64_t step;             /* ns between two steps of the counter */
    int64_t step_phase;       /* ns by which its steps come later */
    int64_t sensor_period;    /* ns between two readings of the power sensors; 0: they are ideal */
    int64_t sensor_phase;     /* ns by which they come later */
    int64_t sensor_window;    /* ns before a reading that "instant" sees */
    int64_t frozen_at;        /* the counter stands still from then on; 0: never */
    int64_t reset_at;         /* the counter begins again at 0 then; 0: never */
    double sensor_scale;      /* what the power sensors say, as a multiple of the truth */
    unsigned energy_return, energy_field_return, instant_return, average_return, usage_return; /* errors, one a reading */
    unsigned reasons_return, processes_return, mig_return;
    unsigned lost;
    unsigned limit_milliwatts, default_limit_milliwatts;
    unsigned mig, mig_devices, virtualization, persistence, ecc, celsius, utilization;
    unsigned sm_mhz, memory_mhz, max_sm_mhz, max_memory_mhz, application_sm_mhz, application_return;
    u64 reasons;
    Processes compute, graphics, mps;
} Gpu;

/* What the file said last. One copy a thread: a sampler and its caller read at the same time. */
static _Thread_local Gpu gpus[MAX_GPUS];
static _Thread_local unsigned gpu_count;
static _Thread_local unsigned init_return;

static int initialised;

/* ---------------------------------------------------------------------------------------------- the state file */

/* Map a file of eight bytes that processes share; NULL where there is none. */
static volatile u64 *map_number(const char *path, int protection) {
    int file = open(path, protection & PROT_WRITE ? O_RDWR : O_RDONLY);
    void *shared = file < 0 ? MAP_FAILED : mmap(NULL, sizeof(u64), protection, MAP_SHARED, file, 0);
    if (file >= 0) close(file);
    return shared == MAP_FAILED ? NULL : shared;
}

static void set_defaults(Gpu *gpu, int index) {
    memset(gpu, 0, sizeof *gpu);
    strcpy(gpu->name, "NVIDIA H100 80GB HBM3");
    snprintf(gpu->uuid, sizeof gpu->uuid, "GPU-fa4e0000-0000-0000-0000-%012d", index);
    gpu->base_millijoules = 1e9;
    gpu->step = SECOND / 10;
    gpu->sensor_scale = 1;
    gpu->sensor_window = SECOND / 40;
    gpu->limit_milliwatts = gpu->default_limit_milliwatts = 700000;
    gpu->persistence = gpu->ecc = 1;
    gpu->celsius = 45;
    gpu->sm_mhz = gpu->max_sm_mhz = gpu->application_sm_mhz = 1980;
    gpu->memory_mhz = gpu->max_memory_mhz = 2619;
}

static void add_process(Processes *list, const char *value) {
    if (list->count < MAX_PROCESSES) list->pids[list->count++] = (unsigned)strtoul(value, NULL, 0);
}

static void set_key(Gpu *gpu, const char *key, const char *value) {
    const struct {
        const char *key;
        unsigned *target;
    } numbers[] = {
        {"energy_return", &gpu->energy_return},
        {"energy_field_return", &gpu->energy_field_return},
        {"instant_return", &gpu->instant_return},
        {"average_return", &gpu->average_return},
        {"usage_return", &gpu->usage_return},
        {"reasons_return", &gpu->reasons_return},
        {"processes_return", &gpu->processes_return},
        {"mig_return", &gpu->mig_return},
        {"lost", &gpu->lost},
        {"limit_milliwatts", &gpu->limit_milliwatts},
        {"default_limit_milliwatts", &gpu->default_limit_milliwatts},
        {"mig", &gpu->mig},
        {"mig_devices", &gpu->mig_devices},
        {"virtualization", &gpu->virtualization},
        {"persistence", &gpu->persistence},
        {"ecc", &gpu->ecc},
        {"celsius", &gpu->celsius},
        {"utilization", &gpu->utilization},
        {"sm_mhz", &gpu->sm_mhz},
        {"memory_mhz", &gpu->memory_mhz},
        {"max_sm_mhz", &gpu->max_sm_mhz},
        {"application_sm_mhz", &gpu->application_sm_mhz},
        {"application_return", &gpu->application_return},
        {"max_memory_mhz", &gpu->max_memory_mhz},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (strcmp(key, numbers[i].key) == 0) *numbers[i].target = (unsigned)strtoul(value, NULL, 0);
    }
    if (strcmp(key, "load") == 0 && gpu->load_count < MAX_LOADS) {
        char *rest;
        Load *load = &gpu->loads[gpu->load_count++];
        load->from = strtoll(value, &rest, 10);
        load->milliwatts = strtod(rest, NULL);
    }
    if (strcmp(key, "square") == 0 && gpu->wave_count < MAX_WAVES) {
        char *rest;
        Wave *wave = &gpu->waves[gpu->wave_count++];
        wave->from = strtoll(value, &rest, 10);
        wave->period = strtoll(rest, &rest, 10);
        wave->high = strtoll(rest, &rest, 10);
        wave->milliwatts = strtod(rest, NULL);
    }
    if (strcmp(key, "triangle") == 0 && gpu->wave_count < MAX_WAVES) {
        char *rest;
        Wave *wave = &gpu->waves[gpu->wave_count++];
        wave->from = strtoll(value, &rest, 10);
        wave->period = strtoll(rest, &rest, 10);
        wave->milliwatts = strtod(rest, NULL);
    }
    if (strcmp(key, "name") == 0) snprintf(gpu->name, sizeof gpu->name, "%.80s", value);
    if (strcmp(key, "serial") == 0) /* the number at the end of its UUID: the GPUs of several hosts are not one */
        snprintf(gpu->uuid, sizeof gpu->uuid, "GPU-fa4e0000-0000-0000-0000-%012d", atoi(value));
    if (strcmp(key, "reasons") == 0) gpu->reasons = strtoull(value, NULL, 0);
    if (strcmp(key, "base_millijoules") == 0) gpu->base_millijoules = strtod(value, NULL);
    if (strcmp(key, "step_nanoseconds") == 0) gpu->step = strtoll(value, NULL, 10);
    if (strcmp(key, "step_phase_nanoseconds") == 0) gpu->step_phase = strtoll(value, NULL, 10);
    if (strcmp(key, "sensor_period_nanoseconds") == 0) gpu->sensor_period = strtoll(value, NULL, 10);
    if (strcmp(key, "sensor_phase_nanoseconds") == 0) gpu->sensor_phase = strtoll(value, NULL, 10);
    if (strcmp(key, "sensor_window_nanoseconds") == 0) gpu->sensor_window = strtoll(value, NULL, 10);
    if (strcmp(key, "frozen_at") == 0) gpu->frozen_at = strtoll(value, NULL, 10);
    if (strcmp(key, "reset_at") == 0) gpu->reset_at = strtoll(value, NULL, 10);
    if (strcmp(key, "sensor_scale") == 0) gpu->sensor_scale = strtod(value, NULL);
    if (strcmp(key, "compute") == 0) add_process(&gpu->compute, value);
    if (strcmp(key, "graphics") == 0) add_process(&gpu->graphics, value);
    if (strcmp(key, "mps") == 0) add_process(&gpu->mps, value);
}

/* Whether the file is the one that was read last. Whoever replaces it counts that in PATH.generation, which is mapped
 * here: so a call costs no system call of ours, and what it costs is the caller's part. Without it, all is read anew. */
static int is_unchanged(const char *path) {
    static _Thread_local char last_path[256];
    static _Thread_local volatile u64 *generation;
    static _Thread_local u64 last;
    if (path && generation && strcmp(path, last_path) == 0) {
        u64 now = *generation;
        int same = now == last;
        last = now;
        return same;
    }
    if (generation) munmap((void *)generation, sizeof *generation);
    generation = NULL;
    if (!path) return 0;
    char name[300];
    snprintf(last_path, sizeof last_path, "%s", path);
    snprintf(name, sizeof name, "%s.generation", last_path);
    generation = map_number(name, PROT_READ);
    if (generation) last = *generation;
    return 0;
}

static void read_state(void) {
    const char *path = getenv("FAKE_NVML_STATE");
    if (is_unchanged(path)) return;
    FILE *file = path ? fopen(path, "r") : NULL;
    gpu_count = 0;
    init_return = file ? SUCCESS : DRIVER_NOT_LOADED;
    if (!file) return;
    Gpu *gpu = NULL;
    char line[256], key[64], value[160];
    while (fgets(line, sizeof line, file)) {
        value[0] = 0;
        if (line[0] == '#' || sscanf(line, "%63s %159[^\n]", key, value) < 1) continue;
        if (strcmp(key, "init_return") == 0) {
            init_return = (unsigned)strtoul(value, NULL, 0);
        } else if (strcmp(key, "gpu") == 0 && gpu_count < MAX_GPUS) {
            gpu = &gpus[gpu_count];
            set_defaults(gpu, (int)gpu_count++);
        } else if (gpu) {
            set_key(gpu, key, value);
        }
    }
    fclose(file);
    for (unsigned i = 0; i < gpu_count; i++) { /* no state can hide what this is */
        strncat(gpus[i].name, " (FAKE)", sizeof gpus[i].name - strlen(gpus[i].name) - 1);
    }
}

/* -------------------------------------------------------------------------------------------- power and energy */

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * SECOND + time.tv_nsec;
}

/* The energy of a wave since it began, in mJ: whole periods, then the part of the last one. */
static double wave_since(const Wave *wave, int64_t time) {
    if (time <= wave->from || wave->period <= 0) return 0;
    double period = (double)wave->period / (double)SECOND;
    double whole = (double)((time - wave->from) / wave->period);
    double part = (double)((time - wave->from) % wave->period) / (double)SECOND;
    if (wave->high > 0) {
        double high = (double)wave->high / (double)SECOND;
        return wave->milliwatts * (whole * high + (part < high ? part : high));
    }
    /* Up to its height in half a period and down again: a parabola each, height x period / 2 together. */
    double slope = 2 * wave->milliwatts / period, rest = period - part;
    double climbed = part <= period / 2 ? slope * part * part / 2
                                        : wave->milliwatts * period / 2 - slope * rest * rest / 2;
    return whole * wave->milliwatts * period / 2 + climbed;
}

static double wave_power(const Wave *wave, int64_t time) {
    if (time < wave->from || wave->period <= 0) return 0;
    int64_t part = (time - wave->from) % wave->period;
    if (wave->high > 0) return part < wave->high ? wave->milliwatts : 0;
    double share = (double)part / (double)wave->period;
    return 2 * wave->milliwatts * (share <= 0.5 ? share : 1 - share);
}

/* The energy drawn between two times, in mJ: the load's history, piece by piece, and the waves. */
static double integrate(const Gpu *gpu, int64_t from, int64_t to) {
    double millijoules = 0;
    for (int i = 0; i < gpu->load_count; i++) {
        int64_t start = gpu->loads[i].from;
        int64_t end = i + 1 < gpu->load_count ? gpu->loads[i + 1].from : INT64_MAX;
        if (start < from) start = from;
        if (end > to) end = to;
        if (end > start) millijoules += gpu->loads[i].milliwatts * (double)(end - start) / (double)SECOND;
    }
    for (int i = 0; i < gpu->wave_count; i++) {
        millijoules += wave_since(&gpu->waves[i], to) - wave_since(&gpu->waves[i], from);
    }
    return millijoules;
}

/* When a thing that is renewed each `period`, `phase` late, was last renewed before `time`. */
static int64_t last_renewed(int64_t began, int64_t period, int64_t phase, int64_t time) {
    if (period <= 0) return time;
    int64_t past = (time - began - phase) % period;
    return time - (past < 0 ? past + period : past);
}

static int64_t began(const Gpu *gpu, int64_t time) { return gpu->load_count ? gpu->loads[0].from : time; }

/* The counter at a time, in mJ: the integral up to its last step. */
static u64 counter(const Gpu *gpu, int64_t time) {
    int64_t start = began(gpu, time);
    double base = gpu->base_millijoules;
    if (gpu->frozen_at && time > gpu->frozen_at) time = gpu->frozen_at;
    if (gpu->reset_at && time >= gpu->reset_at) {
        start = gpu->reset_at;
        base = 0;
    }
    time = last_renewed(start, gpu->step, gpu->step_phase, time);
    return (u64)(base + (time > start ? integrate(gpu, start, time) : 0));
}

/* The mean of some time before `time`, in mW, as far back as there is a history. */
static double mean_power(const Gpu *gpu, int64_t time, int64_t window) {
    int64_t from = time - window;
    if (from < began(gpu, time)) from = began(gpu, time);
    if (time > from) return integrate(gpu, from, time) * (double)SECOND / (double)(time - from);
    double milliwatts = 0;
    for (int i = 0; i < gpu->load_count; i++) {
        if (gpu->loads[i].from <= time) milliwatts = gpu->loads[i].milliwatts;
    }
    for (int i = 0; i < gpu->wave_count; i++) milliwatts += wave_power(&gpu->waves[i], time);
    return milliwatts;
}

static unsigned instant_power(const Gpu *gpu, int64_t time) {
    int64_t window = gpu->sensor_period > 0 ? gpu->sensor_window : 0;
    time = last_renewed(began(gpu, time), gpu->sensor_period, gpu->sensor_phase, time);
    return (unsigned)(mean_power(gpu, time, window) * gpu->sensor_scale);
}

static unsigned average_power(const Gpu *gpu, int64_t time) {
    time = last_renewed(began(gpu, time), gpu->sensor_period, gpu->sensor_phase, time);
    return (unsigned)(mean_power(gpu, time, SECOND) * gpu->sensor_scale);
}

/* What a GPU really drew between two times of CLOCK_MONOTONIC, in mJ; NaN where there is no such GPU. */
double fakeNvmlTrueMillijoules(unsigned gpu, int64_t from, int64_t to) {
    read_state();
    return gpu < gpu_count ? integrate(&gpus[gpu], from, to) : (double)NAN;
}

/* What counter, instant and average would say at a time, in mJ and mW, into three doubles. */
void fakeNvmlReadAt(unsigned gpu, int64_t time, double *out) {
    read_state();
    for (int i = 0; i < 3; i++) out[i] = (double)NAN;
    if (gpu >= gpu_count) return;
    out[0] = (double)counter(&gpus[gpu], time);
    out[1] = instant_power(&gpus[gpu], time);
    out[2] = average_power(&gpus[gpu], time);
}

/* ------------------------------------------------------------------------------------------- start and versions */

nvmlReturn nvmlInitWithFlags(unsigned flags) {
    (void)flags;
    read_state();
    if (init_return == SUCCESS) initialised++;
    return init_return;
}

nvmlReturn nvmlInit_v2(void) { return nvmlInitWithFlags(0); }

nvmlReturn nvmlShutdown(void) {
    if (!initialised) return UNINITIALIZED;
    initialised--;
    return SUCCESS;
}

const char *nvmlErrorString(nvmlReturn result) { return result == SUCCESS ? "Success" : "an error of the fake"; }

static nvmlReturn copy_text(char *out, unsigned size, const char *text) {
    if (strlen(text) + 1 > size) return INSUFFICIENT_SIZE;
    strcpy(out, text);
    return SUCCESS;
}

nvmlReturn nvmlSystemGetDriverVersion(char *out, unsigned size) { return copy_text(out, size, "615.71.00"); }

nvmlReturn nvmlSystemGetNVMLVersion(char *out, unsigned size) { return copy_text(out, size, "13.615.71.00"); }

nvmlReturn nvmlSystemGetCudaDriverVersion_v2(int *version) {
    *version = 13000;
    return SUCCESS;
}

/* ----------------------------------------------------------------------------------------------------- handles */

/* A handle points into this array: GPU i is slot i, its MIG device m is slot MAX_GPUS + MAX_MIG * i + m. */
static char slots[MAX_GPUS + MAX_GPUS * MAX_MIG];

static void count_call(void) {
    static volatile u64 *calls;
    static int asked;
    if (!asked) {
        const char *path = getenv("FAKE_NVML_CALLS");
        calls = path ? map_number(path, PROT_READ | PROT_WRITE) : NULL;
        asked = 1;
    }
    if (calls) __atomic_fetch_add(calls, 1, __ATOMIC_RELAXED);
}

/* Find the GPU behind a handle in fresh state; `mig` tells whether the handle is one of its MIG devices. */
static nvmlReturn find(void *handle, Gpu **gpu, int *mig) {
    if (!initialised) return UNINITIALIZED;
    count_call();
    read_state();
    long slot = (char *)handle - slots;
    if (slot < 0 || slot >= (long)sizeof slots) return INVALID_ARGUMENT;
    *mig = slot >= MAX_GPUS;
    unsigned index = *mig ? (unsigned)(slot - MAX_GPUS) / MAX_MIG : (unsigned)slot;
    if (index >= gpu_count) return INVALID_ARGUMENT;
    *gpu = &gpus[index];
    return (*gpu)->lost ? GPU_IS_LOST : SUCCESS;
}

/* Begin a call on a device: `gpu` and `mig` are its own from here on. */
#define DEVICE(handle)                             \
    Gpu *gpu;                                      \
    int mig;                                       \
    nvmlReturn found = find((handle), &gpu, &mig); \
    if (found != SUCCESS) return found;            \
    (void)mig

/* A call that answers one number, or the error that the state asks for. */
#define NUMBER(function, type, value, error)       \
    nvmlReturn function(void *handle, type *out) { \
        DEVICE(handle);                            \
        nvmlReturn failure = (error);              \
        if (failure != SUCCESS) return failure;    \
        *out = (value);                            \
        return SUCCESS;                            \
    }

nvmlReturn nvmlDeviceGetCount_v2(unsigned *count) {
    if (!initialised) return UNINITIALIZED;
    read_state();
    *count = gpu_count;
    return SUCCESS;
}

nvmlReturn nvmlDeviceGetHandleByIndex_v2(unsigned index, void **handle) {
    if (!initialised) return UNINITIALIZED;
    read_state();
    if (index >= gpu_count) return INVALID_ARGUMENT;
    *handle = &slots[index];
    return gpus[index].lost ? GPU_IS_LOST : SUCCESS;
}

nvmlReturn nvmlDeviceGetHandleByUUID(const char *uuid, void **handle) {
    if (!initialised) return UNINITIALIZED;
    read_state();
    for (unsigned i = 0; i < gpu_count; i++) {
        if (strcmp(uuid, gpus[i].uuid) == 0) {
            *handle = &slots[i];
            return SUCCESS;
        }
    }
    return NOT_FOUND;
}

nvmlReturn nvmlDeviceGetName(void *handle, char *out, unsigned size) {
    DEVICE(handle);
    return copy_text(out, size, gpu->name);
}

nvmlReturn nvmlDeviceGetUUID(void *handle, char *out, unsigned size) {
    DEVICE(handle);
    return copy_text(out, size, gpu->uuid);
}

/* ---------------------------------------------------------------------------------------------------- readings */

NUMBER(nvmlDeviceGetTotalEnergyConsumption, u64, counter(gpu, now()), mig ? NOT_SUPPORTED : gpu->energy_return)
NUMBER(nvmlDeviceGetPowerUsage, unsigned, average_power(gpu, now()), mig ? NOT_SUPPORTED : gpu->usage_return)
NUMBER(nvmlDeviceGetEnforcedPowerLimit, unsigned, gpu->limit_milliwatts, 0)
NUMBER(nvmlDeviceGetPowerManagementLimit, unsigned, gpu->limit_milliwatts, 0)
NUMBER(nvmlDeviceGetPowerManagementDefaultLimit, unsigned, gpu->default_limit_milliwatts, 0)
NUMBER(nvmlDeviceGetCurrentClocksEventReasons, u64, gpu->reasons, gpu->reasons_return)
NUMBER(nvmlDeviceGetArchitecture, unsigned, 9 /* Hopper */, 0)
NUMBER(nvmlDeviceGetPersistenceMode, unsigned, gpu->persistence, 0)
NUMBER(nvmlDeviceGetVirtualizationMode, unsigned, gpu->virtualization, 0)

typedef struct {
    unsigned field_id, scope_id;
    int64_t timestamp, latency;
    unsigned value_type, result;
    union {
        double d;
        unsigned ui;
        u64 ull;
    } value;
} FieldValue;

/* Each field has its own return code: the call succeeds though a field in it fails. */
nvmlReturn nvmlDeviceGetFieldValues(void *handle, int count, FieldValue *fields) {
    DEVICE(handle);
    int64_t time = now();
    for (int i = 0; i < count; i++) {
        FieldValue *field = &fields[i];
        field->value_type = 1; /* unsigned int */
        field->result = SUCCESS;
        if (field->field_id == FIELD_POWER_INSTANT) {
            field->result = mig ? NOT_SUPPORTED : gpu->instant_return;
            field->value.ui = instant_power(gpu, time);
        } else if (field->field_id == FIELD_POWER_AVERAGE) {
            field->result = mig ? NOT_SUPPORTED : gpu->average_return;
            field->value.ui = average_power(gpu, time);
        } else if (field->field_id == FIELD_ENERGY) {
            field->value_type = 3; /* unsigned long long */
            field->result = mig ? NOT_SUPPORTED : gpu->energy_return ? gpu->energy_return : gpu->energy_field_return;
            field->value.ull = counter(gpu, time);
        } else {
            field->result = NOT_SUPPORTED;
        }
        if (field->result != SUCCESS) field->value.ull = 0; /* a failed field looks like 0 W to the careless */
    }
    return SUCCESS;
}

/* ---------------------------------------------------------------------------------------- settings and sensors */

enum { CLOCK_MEMORY = 2 };

nvmlReturn nvmlDeviceGetClockInfo(void *handle, unsigned type, unsigned *mhz) {
    DEVICE(handle);
    *mhz = type == CLOCK_MEMORY ? gpu->memory_mhz : gpu->sm_mhz;
    return SUCCESS;
}

nvmlReturn nvmlDeviceGetApplicationsClock(void *handle, unsigned type, unsigned *mhz) {
    DEVICE(handle);
    *mhz = type == CLOCK_MEMORY ? gpu->max_memory_mhz : gpu->application_sm_mhz;
    return gpu->application_return;
}

nvmlReturn nvmlDeviceGetDefaultApplicationsClock(void *handle, unsigned type, unsigned *mhz) {
    DEVICE(handle);
    *mhz = type == CLOCK_MEMORY ? gpu->max_memory_mhz : gpu->max_sm_mhz;
    return gpu->application_return;
}

nvmlReturn nvmlDeviceGetMaxClockInfo(void *handle, unsigned type, unsigned *mhz) {
    DEVICE(handle);
    *mhz = type == CLOCK_MEMORY ? gpu->max_memory_mhz : gpu->max_sm_mhz;
    return SUCCESS;
}

nvmlReturn nvmlDeviceGetEccMode(void *handle, unsigned *current, unsigned *pending) {
    DEVICE(handle);
    *current = *pending = gpu->ecc;
    return SUCCESS;
}

nvmlReturn nvmlDeviceGetTemperature(void *handle, unsigned sensor, unsigned *celsius) {
    DEVICE(handle);
    (void)sensor;
    *celsius = gpu->celsius;
    return SUCCESS;
}

typedef struct {
    unsigned version, sensor;
    int celsius;
} Temperature;

nvmlReturn nvmlDeviceGetTemperatureV(void *handle, Temperature *temperature) {
    DEVICE(handle);
    if (temperature->version != (sizeof *temperature | 1u << 24)) return ARGUMENT_VERSION_MISMATCH;
    temperature->celsius = (int)gpu->celsius;
    return SUCCESS;
}

typedef struct {
    unsigned gpu, memory;
} Utilization;

nvmlReturn nvmlDeviceGetUtilizationRates(void *handle, Utilization *utilization) {
    DEVICE(handle);
    utilization->gpu = gpu->utilization;
    utilization->memory = 0;
    return SUCCESS;
}

typedef struct {
    u64 total, free, used;
} Memory;

nvmlReturn nvmlDeviceGetMemoryInfo(void *handle, Memory *memory) {
    DEVICE(handle);
    memory->total = memory->free = 80ULL << 30;
    memory->used = 0;
    return SUCCESS;
}

/* ----------------------------------------------------------------------------------------- MIG and processes */

nvmlReturn nvmlDeviceGetMigMode(void *handle, unsigned *current, unsigned *pending) {
    DEVICE(handle);
    if (gpu->mig_return) return gpu->mig_return;
    *current = *pending = gpu->mig;
    return SUCCESS;
}

NUMBER(nvmlDeviceIsMigDeviceHandle, unsigned, (unsigned)mig, 0)
NUMBER(nvmlDeviceGetMaxMigDeviceCount, unsigned, gpu->mig ? MAX_MIG : 0, 0)

nvmlReturn nvmlDeviceGetMigDeviceHandleByIndex(void *handle, unsigned index, void **out) {
    DEVICE(handle);
    if (!gpu->mig || index >= gpu->mig_devices || index >= MAX_MIG) return NOT_FOUND;
    *out = &slots[MAX_GPUS + MAX_MIG * (gpu - gpus) + index];
    return SUCCESS;
}

typedef struct {
    unsigned pid;
    u64 memory;
    unsigned gpu_instance, compute_instance;
} ProcessInfo;

/* NVML's two calls: without room it answers how many there are, with room it fills them in. */
static nvmlReturn list_processes(const Processes *list, unsigned *count, ProcessInfo *out) {
    unsigned room = out ? *count : 0;
    *count = list->count;
    if (list->count > room) return INSUFFICIENT_SIZE;
    for (unsigned i = 0; i < list->count; i++) {
        out[i] = (ProcessInfo){list->pids[i], VALUE_NOT_AVAILABLE, ~0u, ~0u};
    }
    return SUCCESS;
}

#define PROCESSES(function, list)                                          \
    nvmlReturn function(void *handle, unsigned *count, ProcessInfo *out) { \
        DEVICE(handle);                                                    \
        if (gpu->processes_return) return gpu->processes_return;           \
        return list_processes(&gpu->list, count, out);                     \
    }

PROCESSES(nvmlDeviceGetComputeRunningProcesses_v3, compute)
PROCESSES(nvmlDeviceGetGraphicsRunningProcesses_v3, graphics)
PROCESSES(nvmlDeviceGetMPSComputeRunningProcesses_v3, mps)
