// The events in words, beside the picture. Only the rows in view exist.

class EventList {
  static ROW = 22;

  constructor(run, view, filter) {
    Object.assign(this, { run, view, filter });
    this.box = document.getElementById("list");
    this.rows = document.getElementById("rows");
    this.events = [];
    this.box.addEventListener("scroll", () => this.draw());
    this.rows.addEventListener("click", click => {
      const row = click.target.closest(".row");
      if (row) this.view.select(this.run.events[Number(row.dataset.event)]);
    });
  }

  /** Takes what the filter lets through. */
  refill() {
    this.events = this.run.events.filter(e => this.filter.passes(e));
    this.rows.style.height = `${this.events.length * EventList.ROW}px`;
    document.getElementById("count").textContent = this.events.length === this.run.events.length
      ? `${this.events.length.toLocaleString("en")} events`
      : `${this.events.length.toLocaleString("en")} of ${this.run.events.length.toLocaleString("en")} events`;
    document.getElementById("count").dataset.shown = this.events.length;
    this.draw();
  }

  /** Place of an event, or of the first after it. */
  placeOf(e) {
    const at = lastAtOrBefore(this.events, e.id, other => other.id);
    return this.events[at] === e ? at : at + 1;
  }

  /** The next event, or the one before. */
  step(by) {
    if (!this.events.length) return;
    const selected = this.view.selected;
    let at;
    if (!selected) at = lastAtOrBefore(this.events, this.view.from, e => e.time) + (by > 0 ? 1 : 0);
    else {
      at = this.placeOf(selected);
      if (this.events[at] === selected || by < 0) at += by;
    }
    this.view.select(this.events[Math.min(this.events.length - 1, Math.max(0, at))]);
  }

  /** Brings a row into view. */
  reveal(at) {
    const top = at * EventList.ROW, room = this.box.clientHeight;
    if (top < this.box.scrollTop || top > this.box.scrollTop + room - 2 * EventList.ROW) this.box.scrollTop = Math.max(0, top - room / 3);
    this.draw();
  }

  /** Follows the picture: to what is selected if that is in view, or else to the first event in view. */
  follow() {
    const { selected, from, to } = this.view;
    if (selected && selected.time >= from && selected.time <= to) this.reveal(this.placeOf(selected));
    else this.reveal(lastAtOrBefore(this.events, from, e => e.time) + 1);
  }

  draw() {
    const first = Math.max(0, Math.floor(this.box.scrollTop / EventList.ROW) - 4);
    const last = Math.min(this.events.length, first + Math.ceil(this.box.clientHeight / EventList.ROW) + 8);
    const fragment = document.createDocumentFragment();
    for (let i = first; i < last; i++) fragment.append(this.row(this.events[i], i));
    this.rows.replaceChildren(fragment);
    const selected = this.view.selected;
    if (selected && document.getElementById(`event-${selected.id}`)) this.box.setAttribute("aria-activedescendant", `event-${selected.id}`);
    else this.box.removeAttribute("aria-activedescendant");
  }

  row(e, place) {
    const row = document.createElement("div");
    const { view, run } = this;
    row.className = "row";
    row.id = `event-${e.id}`;
    row.dataset.event = e.id;
    row.dataset.kind = e.kind;
    row.setAttribute("role", "option");
    row.setAttribute("aria-selected", e === view.selected);
    row.setAttribute("aria-setsize", this.events.length);
    row.setAttribute("aria-posinset", place + 1);
    if (e.time >= view.from && e.time <= view.to) row.classList.add("seen");
    if (e.kind === "Message" && (e.end === NONE || e.unheard)) row.classList.add("lost");
    row.style.top = `${place * EventList.ROW}px`;
    for (const [name, text] of [["time", (e.time / 1e9).toFixed(6)], ["dot", ""], ["who", run.whoOf(e)], ["what", whatOf(run, e)]]) {
      const cell = document.createElement("span");
      cell.className = name;
      cell.textContent = text;
      if (name === "dot") cell.style.background = `var(--${dotOf(e)})`;
      row.append(cell);
    }
    return row;
  }
}

/** An event in words, without who. */
function whatOf(run, e) {
  let text = run.textOf(e);
  if (e.kind === "Operation") text = text.replace(/^client \d+: /, "");
  if (e.kind === "Message") text += e.end === NONE ? " · lost" : e.unheard ? " · nobody there" : "";
  return text;
}

function dotOf(e) {
  if (e.kind === "Message") return e.end === NONE ? "bad" : `message-${e.message.toLowerCase()}`;
  if (e.kind === "Operation") return e.outcome.toLowerCase();
  if (e.kind === "Violation" || e.kind === "Stop") return "bad";
  if (e.kind === "Fault") return CUTS.has(e.fault) ? "fault-cut" : PATHS.has(e.fault) ? "fault-path" : "fault-disk";
  if (e.kind === "Progress") return "commit";
  return e.role !== "None" ? `role-${e.role.toLowerCase()}` : "muted";
}
