// Puts the parts together and listens.

const byId = id => document.getElementById(id);
const run = new Run(JSON.parse(byId("run").textContent));
const paint = new Paint();

/** Which events are shown, in the list and in the picture. */
const filter = {
  hidden: new Set(["heartbeat", "indexes", "client messages"]),
  words: [],
  passes(e) {
    const kind = run.kindOf(e);
    if (kind !== "violation" && this.hidden.has(kind)) return false;
    if (run.members[e.member]?.folded || run.members[e.other]?.folded && e.kind === "Message" || run.clients[e.client]?.folded) return false;
    if (!this.words.length) return true;
    const text = `${run.whoOf(e)} ${e.kind} ${whatOf(run, e)} ${(e.time / 1e9).toFixed(6)}`.toLowerCase();
    return this.words.every(word => text.includes(word));
  },
};

let asked = false;
const view = new View(run, () => {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    refresh();
  });
});
const picture = new Picture(run, view, paint, filter);
const overview = new Overview(run, view, paint);
const list = new EventList(run, view, filter);

function refresh() {
  picture.draw();
  overview.draw();
  list.follow();
  showRange();
  showLanes();
  showDetail();
}

function layOut() {
  picture.place(byId("scroll").clientHeight);
  const width = byId("scroll").clientWidth - byId("lanes").offsetWidth;
  picture.resize(width);
  overview.resize(width);
  for (const lane of run.lanes) {
    lane.button.style.height = `${lane.height}px`;
    lane.button.classList.toggle("folded", lane.folded);
    lane.button.setAttribute("aria-pressed", !lane.folded);
  }
  refresh();
}

function showRange() {
  byId("range").textContent = `${formatTime(Math.max(0, view.from))} to ${formatTime(Math.min(run.end, view.to))} · ${formatSpan(view.span)}`;
  const crowded = picture.showsArrows ? "" : ` · ${picture.drawnMessages.toLocaleString("en")} messages in view: zoom in for arrows`;
  byId("range").textContent += crowded;
}

/** Under the name of a member: what it is at the pointer, or at what is selected, or at the end of the view. */
function showLanes() {
  const time = view.pointer !== null ? view.time(view.pointer) : view.selected ? view.selected.time : Math.min(view.to, run.end);
  for (const member of run.members) {
    const state = run.stateOf(member, time), progress = run.progressOf(member, time);
    const gone = GONE.has(state.role) || state.role === "None";
    member.state.textContent = state.role === "None" ? "not there yet" : `${nameOfRole(state.role)}${gone ? "" : ` · term ${state.term}`}`;
    member.indexes.textContent = gone || !progress ? "" : `commit ${progress.commit} · applied ${progress.applied}`;
    member.swatch.style.background = gone ? "transparent" : `var(--role-${state.role.toLowerCase()})`;
  }
}

function makeLanes() {
  for (const lane of run.lanes) {
    const button = document.createElement("button");
    const add = (name, text) => {
      const part = document.createElement("span");
      part.className = name;
      part.textContent = text;
      button.append(part);
      return part;
    };
    button.type = "button";
    button.className = `lane ${lane.type}`;
    button.dataset.lane = lane.name;
    if (lane.type === "member") lane.swatch = add("swatch", "");
    add("name", lane.type === "world" ? "network" : lane.name);
    if (lane.type === "member") {
      lane.state = add("state", "");
      lane.indexes = add("indexes", "");
    }
    button.setAttribute("aria-label", `${lane.name}: fold or unfold`);
    button.addEventListener("click", () => {
      lane.folded = !lane.folded;
      list.refill();
      layOut();
    });
    lane.button = button;
    byId("lanes").append(button);
  }
}

function makeKinds() {
  const counts = new Map();
  for (const e of run.events) counts.set(run.kindOf(e), (counts.get(run.kindOf(e)) || 0) + 1);
  for (const kind of ["members", "faults", "operations", "append", "heartbeat", "vote", "read", "forward", "snapshot", "lease", "client messages", "indexes", "notes"]) {
    if (!counts.has(kind)) continue;
    const label = document.createElement("label");
    const box = document.createElement("input");
    box.type = "checkbox";
    box.checked = !filter.hidden.has(kind);
    box.dataset.kind = kind;
    box.addEventListener("change", () => {
      if (box.checked) filter.hidden.delete(kind); else filter.hidden.add(kind);
      list.refill();
      refresh();
    });
    const dot = document.createElement("i");
    dot.style.background = `var(--${{ members: "role-leader", faults: "fault-cut", operations: "done", indexes: "commit", notes: "muted", "client messages": "message-request" }[kind] || `message-${kind}`})`;
    const count = document.createElement("small");
    count.textContent = counts.get(kind).toLocaleString("en");
    label.append(box, dot, kind, count);
    label.title = `${kind}: ${counts.get(kind)} events`;
    byId("kinds").append(label);
  }
}

function makeLegend() {
  const entries = [
    ...["Leader", "Candidate", "PreCandidate", "Follower", "Learner", "Paused"].map(role => [`role-${role.toLowerCase()}`, nameOfRole(role)]),
    ["done", "done"], ["refused", "refused"], ["unknown", "outcome unknown"],
    ["fault-cut", "cut"], ["fault-path", "slow path"], ["fault-disk", "disk or clock"],
    ["commit", "commit index"], ["applied", "applied index"], ["bad", "✕ lost, crash"],
  ];
  for (const [colour, text] of entries) {
    const entry = document.createElement("span");
    const swatch = document.createElement("i");
    swatch.style.background = `var(--${colour})`;
    entry.append(swatch, text);
    byId("legend").append(entry);
  }
}

function showHeader() {
  const { data } = run;
  byId("name").textContent = `seed ${data.seed}`;
  byId("command").textContent = data.command;
  byId("verdict").textContent = data.violation ? "violation" : "no violation";
  byId("verdict").classList.add(data.violation ? "bad" : "good");
  byId("facts").textContent = [
    `${data.nodes} members`, `${data.clients} clients`, data.scenario && `scenario ${data.scenario}`,
    formatSpan(run.end), `${run.events.length.toLocaleString("en")} events`,
  ].filter(Boolean).join(" · ");
  byId("facts").dataset.events = run.events.length;
  if (data.violation) {
    byId("violation").hidden = false;
    byId("violation-property").textContent = data.violation.property;
    byId("violation-time").textContent = `at ${formatTime(data.violation.timeNs)}`;
    byId("violation-detail").textContent = data.violation.detail;
    showMentions(data.violation.detail);
  }
  if (data.dropped) {
    byId("cut").hidden = false;
    byId("cut").textContent = `Left out: ${data.dropped.toLocaleString("en")} messages, operations and moved indexes before ${formatTime(data.completeFromNs)}. Roles, crashes and faults are complete.`;
  }
  const facts = [["faults", data.faults.join(", ") || "none"], ["unusual settings", data.unusual.join(", ") || "none"], ["event hash", data.eventHash], data.unrecoverable && ["no progress was asked for", data.unrecoverable], ...Object.entries(data.counts).map(([name, count]) => [name, count.toLocaleString("en")])];
  for (const fact of facts.filter(Boolean)) {
    const line = document.createElement("div");
    const [name, value] = fact.map(text => Object.assign(document.createElement("span"), { textContent: text }));
    name.className = "muted";
    line.append(name, " ", value);
    byId("world").append(line);
  }
}

/** A violation that quotes an operation leads to it. */
function showMentions(detail) {
  const quoted = run.events.filter(e => e.kind === "Operation" && detail.includes(run.textOf(e))).slice(0, 3);
  if (!quoted.length) return;
  byId("violation-mentions").hidden = false;
  byId("violation-mentions").append("It speaks of ");
  for (const e of quoted) {
    const link = document.createElement("button");
    link.type = "button";
    link.className = "link";
    link.textContent = `${run.textOf(e)} at ${formatTime(e.time)}`;
    link.addEventListener("click", () => goTo(e));
    byId("violation-mentions").append(link, " ");
  }
}

function detailOf(e) {
  const lines = [[run.whoOf(e), `${whatOf(run, e)}`]];
  if (e.kind === "Message") {
    lines.push(["sent", formatTime(e.time)]);
    lines.push(["arrives", e.end === NONE ? "never: lost" : `${formatTime(e.end)}, after ${formatSpan(e.end - e.time)}${e.unheard ? ", when nobody is there" : ""}`]);
  } else if (e.kind === "Operation") {
    lines.push(["asked", `${formatTime(e.call)} of m${e.member + 1}`]);
    lines.push(["ended", `${formatTime(e.time)}, after ${formatSpan(e.time - e.call)}: ${{ Done: "ok", Refused: "failed, it did not happen", Unknown: "unknown, it may have happened" }[e.outcome]}`]);
  } else {
    lines.push(["at", formatTime(e.time)]);
  }
  if (e.term) lines.push(["term", e.term]);
  if (e.kind === "Role" || e.kind === "Progress") lines.push(["indexes", `log ${e.index}, commit ${e.commit}, applied ${e.applied}`]);
  return lines;
}

function fill(box, lines) {
  box.replaceChildren(...lines.map(([name, value]) => {
    const line = document.createElement("div");
    const head = document.createElement("b");
    head.textContent = name;
    line.append(head, " ", String(value));
    return line;
  }));
}

function showDetail() {
  if (view.selected) fill(byId("detail"), detailOf(view.selected));
  else byId("detail").textContent = "Select an event in the list or in the picture.";
}

/** Shows a stretch around an event in which about fifty others happen. */
function goTo(e) {
  const near = run.events[Math.max(0, e.id - 60)].time;
  const begin = e.call !== NONE ? Math.min(near, e.call) : near;
  const span = Math.max(e.time - begin, 20e6);
  view.show(e.time - span, e.time + span * 0.15);
  view.select(e);
}

/** To begin with: from the start to the last thing that is not a heartbeat; many runs end with a long silence. */
function showActive() {
  const last = run.events.findLast(e => e.kind !== "Progress" && e.message !== "Heartbeat");
  const end = last ? last.time : run.end;
  if (end < run.end * 0.8) view.show(-end * 0.01, end * 1.06);
  else view.fit();
}

function jump() {
  if (run.violation) goTo(run.violation);
}

function search(text) {
  filter.words = text.toLowerCase().split(/\s+/).filter(Boolean);
  list.refill();
  refresh();
}

function onKey(key) {
  const typing = key.target.tagName === "INPUT" && key.target.type === "search";
  if (key.ctrlKey || key.metaKey || key.altKey || byId("help").open) return;
  if (typing) {
    if (key.key === "Enter") list.step(key.shiftKey ? -1 : 1);
    else if (key.key === "Escape") { key.target.value = ""; search(""); key.target.blur(); }
    else return;
    key.preventDefault();
    return;
  }
  const inList = byId("list").contains(key.target);
  const step = view.span * (key.shiftKey ? 1 : 0.15);
  const does = {
    ArrowLeft: () => view.pan(-step),
    ArrowRight: () => view.pan(step),
    "+": () => view.zoom(0.6), "=": () => view.zoom(0.6),
    "-": () => view.zoom(1 / 0.6), _: () => view.zoom(1 / 0.6),
    f: () => view.fit(), 0: () => view.fit(),
    n: () => list.step(1), p: () => list.step(-1),
    v: jump,
    "/": () => byId("search").focus(),
    "?": () => byId("help").showModal(),
    Escape: () => { view.select(null); byId("search").value = ""; search(""); },
    ...(inList ? { ArrowDown: () => list.step(1), ArrowUp: () => list.step(-1), Home: () => view.select(list.events[0]), End: () => view.select(list.events[list.events.length - 1]), PageDown: () => list.step(15), PageUp: () => list.step(-15) } : {}),
  }[key.key];
  if (!does) return;
  key.preventDefault();
  does();
}

function listenToPicture() {
  const canvas = byId("picture"), tip = byId("tip");
  let drag = null;
  canvas.addEventListener("wheel", wheel => {
    wheel.preventDefault();
    if (wheel.shiftKey || Math.abs(wheel.deltaX) > Math.abs(wheel.deltaY)) view.pan((wheel.deltaX || wheel.deltaY) / view.width * view.span);
    else view.zoom(Math.exp(Math.max(-60, Math.min(60, wheel.deltaY)) * 0.005), view.time(wheel.offsetX));
  }, { passive: false });
  canvas.addEventListener("pointerdown", down => {
    drag = { x: down.clientX, y: down.clientY, from: view.from, top: byId("scroll").scrollTop, moved: false };
    canvas.setPointerCapture(down.pointerId);
  });
  canvas.addEventListener("pointermove", move => {
    if (drag) {
      const dx = move.clientX - drag.x;
      drag.moved ||= Math.hypot(dx, move.clientY - drag.y) > 4;
      if (drag.moved) {
        const from = drag.from - dx / view.width * view.span;
        byId("scroll").scrollTop = drag.top - (move.clientY - drag.y);
        view.show(from, from + view.span);
      }
    }
    view.pointer = move.offsetX;
    const e = drag?.moved ? null : picture.hit(move.offsetX, move.offsetY);
    canvas.style.cursor = drag?.moved ? "grabbing" : e ? "pointer" : "default";
    tip.hidden = !e;
    if (e) {
      fill(tip, detailOf(e));
      tip.style.left = `${Math.min(move.clientX + 14, innerWidth - tip.offsetWidth - 8)}px`;
      tip.style.top = `${Math.min(move.clientY + 16, innerHeight - tip.offsetHeight - 8)}px`;
    }
    picture.draw();
    showLanes();
  });
  canvas.addEventListener("pointerup", up => {
    if (drag && !drag.moved) view.select(picture.hit(up.offsetX, up.offsetY));
    drag = null;
  });
  canvas.addEventListener("pointerleave", () => {
    view.pointer = null;
    tip.hidden = true;
    picture.draw();
    showLanes();
  });
}

function changeTheme() {
  const dark = document.documentElement.dataset.theme ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "light" : "dark";
  repaint();
}

function repaint() {
  paint.refresh();
  overview.still = null;
  refresh();
}

showHeader();
makeLanes();
makeKinds();
makeLegend();
listenToPicture();
list.refill();
byId("jump").addEventListener("click", jump);
byId("zoom-in").addEventListener("click", () => view.zoom(0.5));
byId("zoom-out").addEventListener("click", () => view.zoom(2));
byId("fit").addEventListener("click", () => view.fit());
byId("theme").addEventListener("click", changeTheme);
byId("help-button").addEventListener("click", () => byId("help").showModal());
byId("search").addEventListener("input", input => search(input.target.value));
byId("copy").addEventListener("click", () => navigator.clipboard?.writeText(run.data.command).then(() => { byId("copy").textContent = "Copied"; }));
document.addEventListener("keydown", onKey);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
new ResizeObserver(layOut).observe(byId("scroll"));
layOut();
showActive();
document.documentElement.dataset.ready = "true";
