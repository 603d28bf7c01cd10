// <ws-find>: finds models and tasks by the beginnings of their words. The names lie in small files split by prefix
// (wattboard.searching); one is fetched for what has been typed. A combobox as WAI-ARIA's practices describe it.

const MOST = 8;
const PAUSE = 40; // ms

const words = (name) => name.toLowerCase().split(/[-_./\s]+/).filter(Boolean);
const fileName = (prefix) =>
  `${[...prefix].map((c) => (/[a-z0-9]/i.test(c) ? c : `_${c.codePointAt(0).toString(16)}`)).join("")}.json`;

/** The longest prefix of a word that has a file, with its count; null where no name has such a word. */
function node(prefixes, word) {
  for (let size = word.length; size; size -= 1) {
    const prefix = word.slice(0, size);
    if (prefix in prefixes) return { prefix, count: prefixes[prefix] };
  }
  return null;
}

/** Names whose words begin with every word that is asked for; whole words first, then the shorter names. Pure. */
export function matching(found, wanted) {
  return found
    .filter(([name]) => {
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
    this.input.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.look(), PAUSE);
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
    let told;
    try {
      told = await this.search(wanted);
    } catch {
      told = { tasks: [], models: [], words: "The names could not be loaded" };
    }
    if (asked === this.input.value) this.open(told, asked);
  }

  async search(wanted) {
    const index = await this.file("index.json");
    const tasks = matching(index.tasks, wanted).slice(0, 3);
    const nodes = wanted.map((word) => node(index.prefixes, word));
    if (nodes.includes(null)) return { tasks, models: [] };
    const [least] = nodes.sort((a, b) => a.count - b.count || b.prefix.length - a.prefix.length);
    const found = await this.file(fileName(least.prefix));
    const models = matching(found, wanted);
    return { tasks, models: models.slice(0, MOST), more: models.length > MOST || found.length < least.count };
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
    this.list.replaceChildren(...options);
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.mark(-1);
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
