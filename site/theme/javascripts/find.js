// <ws-find>: finds models and tasks by the beginnings of their words. The names lie in small files split by prefix
// (wattboard.searching); one is fetched for what has been typed, and all names only where several common words were. A
// combobox as WAI-ARIA's practices describe it.

const MOST = 8;
const PAUSE = 30; // ms between keys that follow each other within
const FAST = 120; // ms
const LONG = 30; // ms: what takes longer is bridged by what has been read before
const AT_ONCE = 4; // files of all names
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

const words = (name) => name.toLowerCase().split(/[-_./\s]+/).filter(Boolean);
const fileName = (prefix) =>
  `${[...prefix].map((c) => (/[a-z0-9]/i.test(c) ? c : `_${c.codePointAt(0).toString(16)}`)).join("")}.json`;

/** The longest prefix of a word that has a file, with its count; null where no name has such a word. */
function node({ prefixes, most }, word) {
  for (let size = word.length; size; size -= 1) {
    const prefix = word.slice(0, size);
    if (!Object.hasOwn(prefixes, prefix)) continue;
    // a file that is cut has longer ones behind it, for every longer word that there is
    return size < word.length && prefixes[prefix] > most ? null : { prefix, count: prefixes[prefix] };
  }
  return null;
}

/** Names whose words begin with every word that is asked for; whole words first, then the shorter names. Pure. */
export function matching(found, wanted) {
  return found
    .filter(([name]) => {
      const low = name.toLowerCase();
      if (!wanted.every((word) => low.includes(word))) return false; // most names: quicker than their words
      const own = words(name);
      return wanted.every((word) => own.some((one) => one.startsWith(word)));
    })
    .map((entry) => {
      const own = words(entry[0]);
      return [wanted.filter((word) => own.includes(word)).length, entry];
    })
    .sort(([a, x], [b, y]) => b - a || x[0].length - y[0].length)
    .map(([, entry]) => entry);
}

class Find extends HTMLElement {
  connectedCallback() {
    if (this.input) return;
    this.input = this.querySelector("input");
    this.list = this.querySelector("[role=listbox]");
    this.status = this.querySelector("[role=status]");
    this.names = new URL(this.dataset.names, document.baseURI);
    this.root = new URL("../../", this.names);
    this.kept = new Map();
    this.input.addEventListener("focus", () => this.file("index.json").catch(() => null));
    this.input.addEventListener("input", (event) => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.look(), event.timeStamp - this.typed < FAST ? PAUSE : 0);
      this.typed = event.timeStamp;
    });
    this.input.addEventListener("keydown", (event) => this.pressed(event));
    this.addEventListener("focusout", (event) => {
      if (!this.contains(event.relatedTarget)) this.close();
    });
    this.list.addEventListener("pointerdown", (event) => event.preventDefault()); // the focus stays where it is
    this.list.addEventListener("click", (event) => {
      const option = event.target.closest("[data-pages]");
      if (option) {
        event.preventDefault();
        this.searchPages();
      }
    });
    this.opener = document.querySelector("[data-find]");
    this.opener?.addEventListener("click", () => {
      this.classList.add("ws-find--open");
      this.input.focus();
    });
    document.getElementById("__search")?.addEventListener("change", (event) => {
      if (event.target.checked) document.querySelector("input[name=query]")?.focus();
    });
    // "/" comes here; the other keys of the page search stay what they are
    document.addEventListener("keydown", (event) => {
      const typing = event.target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]");
      if (event.key !== "/" || typing || event.metaKey || event.ctrlKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      if (this.opener && getComputedStyle(this.opener).display !== "none") this.opener.click();
      else this.input.focus();
    }, { capture: true });
  }

  /** Read a file, each once. */
  file(name) {
    if (!this.kept.has(name)) {
      const read = fetch(new URL(name, this.names)).then((answer) => {
        if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
        return answer.json();
      });
      read.catch(() => this.kept.delete(name));
      this.kept.set(name, read);
    }
    return this.kept.get(name);
  }

  async look() {
    const asked = this.input.value;
    const wanted = words(asked);
    if (!wanted.length) {
      this.close();
      return;
    }
    try {
      for await (const told of this.search(wanted)) {
        if (asked !== this.input.value) return;
        this.open(told, asked);
      }
    } catch {
      if (asked === this.input.value) this.open({ tasks: [], models: [], words: "The names could not be loaded" }, asked);
    }
  }

  /** Give what is found, at first perhaps a part of it. */
  async *search(wanted) {
    const index = await this.file("index.json");
    const tasks = matching(index.tasks, wanted).slice(0, 3);
    const nodes = wanted.map((word) => node(index, word));
    if (nodes.includes(null)) {
      yield { tasks, models: [] };
      return;
    }
    const told = (models, whole) => ({ tasks, models: models.slice(0, MOST), more: models.length > MOST || !whole });
    const [least] = nodes.sort((a, b) => a.count - b.count || b.prefix.length - a.prefix.length);
    const reading = this.file(fileName(least.prefix));
    const late = await Promise.race([reading.then(() => false), wait(LONG).then(() => true)]);
    if (late && this.last) {
      const near = matching(this.last, wanted);
      if (near.length) yield told(near, false);
    }
    const found = await reading;
    this.last = found;
    let models = matching(found, wanted);
    const cut = found.length < least.count;
    if (!cut || models.length >= MOST) {
      yield told(models, !cut);
      return;
    }
    // Several common words: the shortest names of the rarest have few with all of them. All names, the shortest first.
    yield { ...told(models, false), words: models.length ? undefined : "Looking through all names" };
    for (let first = 0; first < index.shards && models.length < MOST; first += AT_ONCE) {
      const numbers = [...Array(Math.min(AT_ONCE, index.shards - first)).keys()];
      const shards = await Promise.all(numbers.map((i) => this.file(`all-${first + i}.json`)));
      const known = new Set(models.map(([name]) => name));
      models = matching([...models, ...shards.flat().filter(([name]) => !known.has(name))], wanted);
      const last = first + AT_ONCE >= index.shards;
      if (last || models.length) yield told(models, last);
    }
  }

  open({ tasks, models, more, words: failed }, asked) {
    const option = (href, name, about) => {
      const link = document.createElement("a");
      link.setAttribute("role", "option");
      link.setAttribute("aria-selected", "false");
      link.tabIndex = -1;
      link.href = href;
      const strong = document.createElement("b");
      strong.textContent = name;
      const small = document.createElement("small");
      small.textContent = about;
      link.append(strong, small);
      return link;
    };
    const place = (name) => new URL(`models/${name.split("/").map(encodeURIComponent).join("/")}/`, this.root).href;
    const options = [
      ...tasks.map(([title, path, about]) => option(new URL(path, this.root).href, title, `task, ${about}`)),
      ...models.map(([name, stars, about, path]) =>
        path
          ? option(`${this.root.href}${path.split("/").map(encodeURIComponent).join("/")}`, name, `imported, ${about}`)
          : option(place(name), name, `${stars ? `${stars} of 5 stars` : "not rated"}, ${about.toLowerCase()}`),
      ),
    ];
    const pages = option(new URL("./?q=", this.root).href + encodeURIComponent(asked), `Search the pages for “${asked}”`, "");
    pages.dataset.pages = "";
    options.push(pages);
    options.forEach((one, i) => {
      one.id = `ws-found-${i}`;
    });
    const held = this.list.hidden ? undefined : this.list.children[this.place]?.href;
    this.list.replaceChildren(...options);
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.mark(held ? options.findIndex((one) => one.href === held) : -1);
    const found = tasks.length + models.length;
    this.status.textContent = failed ?? (found ? `${found}${more ? " and more" : ""} found` : "No model or task begins so");
  }

  close() {
    clearTimeout(this.timer);
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    this.classList.remove("ws-find--open");
  }

  mark(place) {
    const options = [...this.list.children];
    this.place = place;
    options.forEach((one, i) => one.setAttribute("aria-selected", String(i === place)));
    if (place < 0) this.input.removeAttribute("aria-activedescendant");
    else {
      this.input.setAttribute("aria-activedescendant", options[place].id);
      options[place].scrollIntoView({ block: "nearest" });
    }
  }

  pressed(event) {
    const open = !this.list.hidden;
    const last = this.list.children.length - 1;
    event.stopPropagation(); // the theme has keys of its own
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!open) this.look();
      else if (event.key === "ArrowDown") this.mark(this.place >= last ? -1 : this.place + 1);
      else this.mark(this.place < 0 ? last : this.place - 1);
    } else if (event.key === "Enter" && open) {
      event.preventDefault();
      (this.list.children[this.place] ?? this.list.children[0]).click();
    } else if (event.key === "Escape") {
      if (open) this.close();
      else this.input.value = "";
      this.opener?.focus({ preventScroll: true });
      if (document.activeElement !== this.opener) this.input.focus();
    }
  }

  /** Hand what was typed to the theme's own search. */
  searchPages() {
    const asked = this.input.value;
    this.close();
    const toggle = document.getElementById("__search");
    const query = document.querySelector("input[name=query]");
    if (!toggle || !query) return;
    toggle.checked = true;
    toggle.dispatchEvent(new Event("change", { bubbles: true }));
    query.value = asked;
    query.focus();
    query.dispatchEvent(new KeyboardEvent("keyup", { bubbles: true }));
  }
}

customElements.define("ws-find", Find);
