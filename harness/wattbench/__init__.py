"""Measure the energy that AI models use. This half of Wattstar measures; `wattboard` publishes.

The vocabulary, one line a noun (METHOD on the site says more):

* **Submission**: what people ask for: a model at one revision, its tasks and precisions, as strict YAML.
* **Task**: what a model is asked to do, as plain data and two functions (`predict`, `grade`).
* **Workload**: the fixed rows of a task, with references; its version and sha256 are part of the board.
* **Backend**: what loads a model; it yields a **Predict**: rows in, outputs out.
* **Shelf**: a local folder of models and workloads, each with a manifest of hashes; a run reads only from here.
* **Meter**: what reads energy: `nvml`, `rapl` (measured) or `estimate` (CPU seconds x declared watts).
* **Round**: one traversal of the workload. **Pass**: the whole rounds that are measured as one window.
* **Session**: one stay on one host, bracketed by the reference model. **Run**: the passes of one submission on
  one board in one session: one process, one host, one file.
* **Gate**: one check of a run: name, value, limit, verdict. **Trace**: what the sensors said over time.
* **Board**: one comparable field, `task-vN~sku[xCOUNT]~precision~scenario~reasoning~meter`.
* **Edition**: a board's frozen thresholds. **Rating**: a submission's stars on a board. **Badge**: the rating as SVG.

Importing this package loads no torch, transformers, optimum or pynvml.
"""

__version__ = "0.1.0"
