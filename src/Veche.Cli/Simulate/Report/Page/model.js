// The run: rows of numbers become events, and events become lanes with states, bands, marks and operations.

const NONE = -1;

/** Turns rows back into events. Fields that may be missing are one higher in a row than they are. */
function readEvents(data) {
  const names = data.names;
  let time = 0;
  return data.events.map((row, id) => {
    time += row[0];
    return {
      id,
      time,
      kind: names.kind[row[1]],
      member: row[2] - 1,
      pattern: row[3],
      values: row[4] || [],
      other: (row[5] || 0) - 1,
      end: row[6] ? time + row[6] - 1 : NONE,
      message: names.message[row[7] || 0],
      term: row[8] || 0,
      index: row[9] || 0,
      commit: row[10] || 0,
      applied: row[11] || 0,
      role: names.role[row[12] || 0],
      client: (row[13] || 0) - 1,
      call: row[14] ? time - row[14] + 1 : NONE,
      outcome: names.outcome[row[15] || 0],
      operation: row[16] ? names.operation[row[16] - 1] : null,
      fault: row[17] ? names.fault[row[17] - 1] : null,
      span: row[18] || 0,
      members: row[19] || [],
      others: row[20] || [],
    };
  });
}

const CUTS = new Set(["Partition", "OneWay", "Swizzle"]);
const PATHS = new Set(["Clog", "SlowLink"]);
const AT_ONCE = new Set(["SyncFailure", "ClockJump", "ClockDrift", "EarlyTimeout", "BitRot", "LostWrite", "MisdirectedWrite"]);
const GONE = new Set(["Down", "Ruined", "Retired"]);

class Run {
  constructor(data) {
    this.data = data;
    this.events = readEvents(data);
    this.end = Math.max(1, data.endNs, this.events.length ? this.events[this.events.length - 1].time : 0);
    this.violation = this.events.find(e => e.kind === "Violation") || null;
    this.recovery = this.events.find(e => e.kind === "Recovery") || null;
    this.members = Array.from({ length: data.members }, (_, number) => ({ type: "member", number, name: `m${number + 1}`, states: [], progress: [], bands: [], marks: [], folded: false }));
    this.clients = Array.from({ length: data.clients }, (_, number) => ({ type: "client", number, name: `client ${number}`, operations: [], folded: false }));
    this.world = { type: "world", name: "world", bands: [], marks: [], rows: 0, folded: false };
    this.lanes = [this.world, ...this.members, ...this.clients];
    const messages = [];
    const mended = new Map(this.events.filter(e => e.kind === "Mend").map(e => [e.span, e.time]));
    for (const e of this.events) this.place(e, messages, mended);
    for (const lane of this.clients) {
      lane.operations = new Intervals(lane.operations.sort((a, b) => a.call - b.call), e => e.call, e => e.time);
    }
    for (const e of messages) e.unheard = e.end !== NONE && e.other >= 0 && GONE.has(this.stateOf(this.members[e.other], e.end).role);
    this.messages = new Intervals(messages, e => e.time, e => Math.max(e.time, e.end));
    this.packBands();
  }

  place(e, messages, mended) {
    const member = this.members[e.member];
    if (e.kind === "Message") messages.push(e);
    else if (e.kind === "Operation") this.clients[e.client].operations.push(e);
    else if (e.kind === "Fault") this.placeFault(e, mended);
    else if (e.kind === "Note" || e.kind === "Recovery") (member || this.world).marks.push(e);
    if (!member) return;
    if (e.role !== "None" && e.kind !== "Progress") {
      const last = member.states[member.states.length - 1];
      const knows = e.kind === "Role";
      member.states.push({ time: e.time, role: e.role, term: knows ? e.term : last ? last.term : 0, leader: knows ? e.other : NONE, event: e });
    }
    if (e.kind === "Role" || e.kind === "Progress") member.progress.push(e);
    if (e.kind === "Stop") member.progress.push({ time: e.time, ends: true });
    if (e.kind === "Start" || e.kind === "Stop" || e.kind === "Pause") member.marks.push(e);
  }

  placeFault(e, mended) {
    const member = this.members[e.member];
    if (AT_ONCE.has(e.fault)) {
      member.marks.push(e);
      return;
    }
    let to = e.end !== NONE ? e.end : mended.get(e.span) ?? this.end;
    if (e.fault === "Clog" && this.recovery && e.time < this.recovery.time) to = Math.min(to, this.recovery.time);
    const band = { from: e.time, to: Math.max(Math.min(to, this.end), e.time), event: e };
    if (CUTS.has(e.fault) || PATHS.has(e.fault)) {
      this.world.bands.push(band);
      const touched = CUTS.has(e.fault) ? [...e.members, ...e.others] : [e.member];
      for (const number of touched) this.members[number].bands.push(band);
    } else {
      member.bands.push(band);
    }
  }

  /** Bands of the world lie under each other where they overlap. */
  packBands() {
    const ends = [];
    for (const band of this.world.bands) {
      let row = ends.findIndex(end => end <= band.from);
      if (row < 0) row = ends.length;
      ends[row] = band.to;
      band.row = row;
    }
    this.world.rows = ends.length;
  }

  /** What a member is at a time. */
  stateOf(member, time) {
    const at = lastAtOrBefore(member.states, time, s => s.time);
    return at < 0 ? { time: 0, role: "None", term: 0, leader: NONE, event: null } : member.states[at];
  }

  progressOf(member, time) {
    const at = lastAtOrBefore(member.progress, time, p => p.time);
    return at < 0 || member.progress[at].ends ? null : member.progress[at];
  }

  textOf(e) {
    let next = 0;
    return this.data.texts[e.pattern].replace(/#/g, () => e.values[next++]);
  }

  whoOf(e) {
    const member = e.member >= 0 ? `m${e.member + 1}` : "world";
    if (e.message === "Request") return `c${e.client} → ${member}`;
    if (e.message === "Reply") return `${member} → c${e.client}`;
    if (e.kind === "Message") return `${member} → m${e.other + 1}`;
    if (e.kind === "Operation") return `c${e.client}`;
    return member;
  }

  /** The kind by which the list and the picture are filtered. */
  kindOf(e) {
    switch (e.kind) {
      case "Message": return e.message === "Request" || e.message === "Reply" ? "client messages" : e.message.toLowerCase();
      case "Operation": return "operations";
      case "Progress": return "indexes";
      case "Fault": case "Mend": case "Recovery": return "faults";
      case "Note": return "notes";
      case "Violation": return "violation";
      default: return "members";
    }
  }
}

function nameOfRole(role) {
  return role === "PreCandidate" ? "pre-candidate" : role.toLowerCase();
}

function formatTime(ns) {
  return `${(ns / 1e9).toFixed(6)} s`;
}

function formatSpan(ns) {
  if (ns >= 1e9) return `${(ns / 1e9).toFixed(ns >= 1e10 ? 1 : 2)} s`;
  if (ns >= 1e6) return `${(ns / 1e6).toFixed(ns >= 1e7 ? 1 : 2)} ms`;
  return `${(ns / 1e3).toFixed(1)} µs`;
}
