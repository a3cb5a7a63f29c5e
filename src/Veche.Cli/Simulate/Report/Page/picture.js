// Draws the lanes: only what is in view, and no more than can be seen.

class Picture {
  static ARROWS = 4000;
  static MEMBER = 52;
  static MOST_MEMBER = 112;
  static CLIENT = 24;
  static FOLDED = 10;

  constructor(run, view, paint, filter) {
    Object.assign(this, { run, view, paint, filter });
    this.canvas = document.getElementById("picture");
    this.axis = document.getElementById("axis");
    this.drawnMessages = 0;
    this.showsArrows = true;
    this.spots = [];
    this.place();
  }

  /** Gives each lane its place. Members share what room is left. */
  place(room = 0) {
    const isOpen = lane => lane.type === "member" && !lane.folded;
    const members = this.run.members.filter(isOpen).length;
    for (const lane of this.run.lanes) lane.height = this.heightOf(lane);
    const others = this.run.lanes.reduce((sum, lane) => sum + (isOpen(lane) ? 0 : lane.height), 0);
    const each = Math.min(Picture.MOST_MEMBER, Math.max(Picture.MEMBER, Math.floor((room - others) / Math.max(1, members))));
    let top = 0;
    for (const lane of this.run.lanes) {
      lane.top = top;
      if (isOpen(lane)) lane.height = each;
      top += lane.height;
    }
    this.height = top;
  }

  heightOf(lane) {
    if (lane.folded) return Picture.FOLDED;
    return lane.type === "member" ? Picture.MEMBER : lane.type === "client" ? Picture.CLIENT : 14 + Math.max(1, lane.rows) * 15;
  }

  resize(width) {
    this.view.width = Math.max(50, width);
    this.context = Paint.size(this.canvas, this.view.width, this.height);
    this.axisContext = Paint.size(this.axis, this.view.width, 22);
  }

  draw() {
    const { context: c, view, paint } = this;
    this.spots = [];
    c.clearRect(0, 0, view.width, this.height);
    c.font = "11px system-ui, sans-serif";
    c.textBaseline = "middle";
    this.drawGround(c);
    this.drawMessages(c);
    for (const lane of this.run.lanes) {
      if (lane.folded) continue;
      if (lane.type === "member") this.drawMember(c, lane);
      else if (lane.type === "client") this.drawClient(c, lane);
      else this.drawWorld(c, lane);
    }
    this.drawLines(c);
    this.drawAxis();
    Object.assign(this.canvas.dataset, { from: Math.round(view.from), to: Math.round(view.to), messages: this.drawnMessages, arrows: this.showsArrows });
    paint.hatches.clear();
  }

  drawGround(c) {
    const { view, paint, run } = this;
    run.lanes.forEach((lane, i) => {
      c.fillStyle = i % 2 ? paint.stripe : paint.back;
      c.fillRect(0, lane.top, view.width, lane.height);
    });
    c.fillStyle = paint.line;
    for (const lane of run.lanes) c.fillRect(0, lane.top + lane.height - 1, view.width, 1);
    for (const time of this.ticks()) c.fillRect(Math.round(view.x(time)), 0, 1, this.height);
    if (run.recovery && run.recovery.time < view.to) {
      const x = Math.max(0, view.x(run.recovery.time));
      c.fillStyle = paint.calm;
      c.fillRect(x, 0, view.width - x, this.height);
    }
  }

  /** Round times, about a hundred pixels apart. */
  ticks() {
    const { view } = this;
    const rough = view.span / Math.max(2, view.width / 110);
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map(f => f * power).find(s => s >= rough);
    const ticks = [];
    for (let t = Math.max(0, Math.ceil(view.from / step)) * step; t <= Math.min(view.to, this.run.end); t += step) ticks.push(t);
    this.step = step;
    return ticks;
  }

  drawAxis() {
    const { axisContext: c, view, paint } = this;
    c.clearRect(0, 0, view.width, 22);
    c.font = "11px system-ui, sans-serif";
    c.textBaseline = "middle";
    c.fillStyle = paint.muted;
    const digits = Math.max(0, Math.min(9, -Math.floor(Math.log10(this.step / 1e9))));
    for (const time of this.ticks()) {
      const x = view.x(time);
      c.fillRect(Math.round(x), 16, 1, 6);
      c.fillText(`${(time / 1e9).toFixed(digits)} s`, Math.min(x + 4, view.width - 50), 10);
    }
  }

  middle(lane) { return lane.folded ? lane.top + lane.height / 2 : lane.type === "member" ? lane.top + 21 : lane.top + lane.height / 2; }

  half(lane) { return lane.folded ? 1 : 8; }

  drawMessages(c) {
    const { run, view, paint, filter } = this;
    const visible = [];
    run.messages.each(view.from, view.to, e => {
      if (!filter.passes(e)) return;
      visible.push(e);
    });
    this.drawnMessages = visible.length;
    this.showsArrows = visible.length <= Picture.ARROWS;
    if (!this.showsArrows) {
      this.drawDensity(c, visible);
      return;
    }
    const crowd = visible.length / view.width;
    const strength = crowd > 2 ? 0.35 : crowd > 0.7 ? 0.55 : 0.85;
    const head = crowd > 2 ? 0 : crowd > 0.7 ? 4 : 6;
    for (const e of visible) this.drawMessage(c, e, strength, head);
    c.globalAlpha = 1;
    c.setLineDash([]);
  }

  ends(e) {
    const member = this.run.members[e.member];
    if (e.message === "Request") return [this.run.clients[e.client], member];
    if (e.message === "Reply") return [member, this.run.clients[e.client]];
    return [member, this.run.members[e.other]];
  }

  drawMessage(c, e, strength, head) {
    const { view, paint } = this;
    const [from, to] = this.ends(e);
    const down = to.top > from.top ? 1 : -1;
    const x1 = view.x(e.time), y1 = this.middle(from) + down * this.half(from);
    const lost = e.end === NONE;
    let x2, y2 = this.middle(to) - down * this.half(to);
    if (lost) {
      y2 = y1 + (y2 - y1) * 0.45;
      x2 = x1 + Math.min(14, Math.abs(y2 - y1) * 0.3);
    } else {
      x2 = view.x(e.end);
    }
    const chosen = e === view.selected;
    c.globalAlpha = chosen ? 1 : lost ? Math.min(1, strength + 0.15) : strength;
    c.lineWidth = chosen ? 2.5 : e.message === "Heartbeat" ? 0.8 : 1.2;
    c.strokeStyle = c.fillStyle = lost ? paint.bad : paint.messages[e.message];
    c.setLineDash(lost ? [3, 3] : []);
    this.paint.arrow(c, x1, y1, x2, y2, lost ? 0 : head);
    c.setLineDash([]);
    if (lost && head) paint.cross(c, x2, y2, 3);
    if (e.unheard) {
      c.strokeStyle = paint.bad;
      paint.cross(c, x2, y2, 3);
    }
    this.spots.push({ e, x1, y1, x2, y2 });
  }

  /** Too many for arrows: how many each lane sends, and loses, pixel by pixel. */
  drawDensity(c, visible) {
    const { view, paint } = this;
    const bins = new Map();
    let most = 1;
    for (const e of visible) {
      const [lane] = this.ends(e);
      if (!bins.has(lane)) bins.set(lane, { sent: new Uint16Array(Math.ceil(view.width / 2) + 1), lost: new Uint16Array(Math.ceil(view.width / 2) + 1) });
      const bin = bins.get(lane);
      const x = Math.floor(view.x(e.time) / 2);
      if (x < 0 || x >= bin.sent.length) continue;
      bin.sent[x]++;
      if (e.end === NONE) bin.lost[x]++;
      most = Math.max(most, bin.sent[x]);
    }
    for (const [lane, bin] of bins) {
      if (lane.type !== "member" || lane.folded) continue;
      const base = lane.top + lane.height - 2;
      const scale = (lane.height - 34) / Math.sqrt(most);
      c.globalAlpha = 0.4;
      for (let x = 0; x < bin.sent.length; x++) {
        if (!bin.sent[x]) continue;
        c.fillStyle = paint.messages.Append;
        c.fillRect(x * 2, base, 1.5, -Math.sqrt(bin.sent[x]) * scale);
        if (bin.lost[x]) {
          c.fillStyle = paint.bad;
          c.fillRect(x * 2, base, 1.5, -Math.sqrt(bin.lost[x]) * scale);
        }
      }
    }
    c.globalAlpha = 1;
  }

  drawMember(c, lane) {
    const { view, paint } = this;
    for (const band of lane.bands) {
      if (band.to < view.from || band.from > view.to) continue;
      const x = view.x(band.from), width = Math.max(2, view.x(band.to) - x);
      c.fillStyle = paint.hatch(c, paint.faultColour(band.event));
      c.globalAlpha = 0.55;
      c.fillRect(x, lane.top + 2, width, 7);
      c.globalAlpha = 1;
      this.spots.push({ e: band.event, box: [x, lane.top, width, 10] });
    }
    this.drawRoles(c, lane);
    this.drawProgress(c, lane);
    this.drawMarks(c, lane);
  }

  drawRoles(c, lane) {
    const { view, paint } = this;
    const y = lane.top + 13, height = 16;
    const first = Math.max(0, lastAtOrBefore(lane.states, view.from, s => s.time));
    let drawnTo = -Infinity;
    for (let i = first; i < lane.states.length && lane.states[i].time <= view.to; i++) {
      const state = lane.states[i];
      const until = i + 1 < lane.states.length ? lane.states[i + 1].time : this.run.end;
      const x = Math.max(-10, view.x(state.time));
      const end = Math.min(view.width + 10, view.x(until));
      if (end <= drawnTo + 0.3 && state.role !== "Leader") continue;
      drawnTo = end;
      const gone = GONE.has(state.role);
      if (gone) {
        c.strokeStyle = paint.roles[state.role];
        c.lineWidth = 1.5;
        c.setLineDash([4, 4]);
        c.beginPath();
        c.moveTo(x, y + height / 2);
        c.lineTo(end, y + height / 2);
        c.stroke();
        c.setLineDash([]);
        c.fillStyle = paint.muted;
        if (end - x > 60) {
          const text = state.role.toLowerCase();
          const width = c.measureText(text).width;
          c.fillStyle = lane.number % 2 ? paint.back : paint.stripe;
          c.fillRect(x + 12, y + 1, width + 8, height - 2);
          c.fillStyle = paint.muted;
          c.fillText(text, x + 16, y + height / 2);
        }
      } else {
        c.fillStyle = paint.roles[state.role];
        paint.box(c, x, y, end - x - (end - x > 3 ? 0.6 : 0), height, 3);
        if (state.role === "Paused") {
          c.fillStyle = paint.hatch(c, paint.muted);
          paint.box(c, x, y, end - x, height, 3);
        }
        c.fillStyle = paint.inkOnRole;
        const at = Math.max(x, 0) + 5;
        if (!paint.label(c, `${nameOfRole(state.role)} · term ${state.term}`, at, y + height / 2 + 0.5, end - at - 4)) paint.label(c, `${state.term}`, at, y + height / 2 + 0.5, end - at - 3);
      }
      if (state.event) this.spots.push({ e: state.event, box: [x, y, end - x, height] });
    }
  }

  /** Commit and applied index, as steps between the least and the most in view. */
  drawProgress(c, lane) {
    const { view, paint } = this;
    const [least, most] = this.reach();
    const base = lane.top + lane.height - 5, height = 13;
    const yOf = index => base - (index - least) / Math.max(1, most - least) * height;
    const first = Math.max(0, lastAtOrBefore(lane.progress, view.from, p => p.time));
    const line = field => {
      c.beginPath();
      let x = 0, y = null;
      for (let i = first; i < lane.progress.length && lane.progress[i].time <= view.to; i++) {
        const at = Math.max(0, view.x(lane.progress[i].time));
        if (y !== null) c.lineTo(at, y);
        if (lane.progress[i].ends) {
          y = null;
          continue;
        }
        const to = yOf(lane.progress[i][field]);
        if (y === null) c.moveTo(at, to); else c.lineTo(at, to);
        x = at;
        y = to;
      }
      const end = Math.min(view.width, view.x(this.run.end));
      if (y !== null && end > x) c.lineTo(end, y);
    };
    if (!lane.progress.length || lane.progress[first].time > view.to) return;
    c.lineWidth = 2.5;
    c.strokeStyle = paint.applied;
    line("applied");
    c.stroke();
    c.lineWidth = 1.2;
    c.strokeStyle = paint.commit;
    line("commit");
    c.stroke();
  }

  reach() {
    const { view, run } = this;
    let least = Infinity, most = 0;
    for (const member of run.members) {
      for (const time of [view.from, view.to]) {
        const at = run.progressOf(member, Math.max(time, 0));
        if (at) { least = Math.min(least, at.applied); most = Math.max(most, at.commit); }
      }
    }
    return [least === Infinity ? 0 : least, most];
  }

  drawMarks(c, lane) {
    const { view, paint } = this;
    const y = lane.type === "member" ? lane.top + 21 : lane.top + 7;
    const first = lastAtOrBefore(lane.marks, view.from - view.span * 0.01, e => e.time) + 1;
    for (let i = first; i < lane.marks.length && lane.marks[i].time <= view.to; i++) {
      const e = lane.marks[i];
      if (!this.filter.passes(e)) continue;
      const x = view.x(e.time);
      if (e.kind === "Stop") {
        c.strokeStyle = paint.bad;
        c.lineWidth = 2.2;
        paint.cross(c, x, y, 5);
      } else if (e.kind === "Start") {
        c.fillStyle = paint.roles.Leader;
        c.beginPath();
        c.moveTo(x, y - 6); c.lineTo(x + 8, y); c.lineTo(x, y + 6);
        c.closePath();
        c.fill();
      } else {
        c.fillStyle = e.kind === "Fault" ? paint.faultColour(e) : e.kind === "Pause" ? paint.warn : paint.muted;
        paint.diamond(c, x, e.kind === "Note" ? lane.top + lane.height - 14 : e.kind === "Pause" ? y : lane.top + 6, e.kind === "Note" ? 3 : 5);
      }
      this.spots.push({ e, box: [x - 6, e.kind === "Stop" || e.kind === "Start" ? y - 7 : lane.top, 12, 14] });
    }
  }

  drawWorld(c, lane) {
    const { view, paint } = this;
    for (const band of lane.bands) {
      if (band.to < view.from || band.from > view.to || !this.filter.passes(band.event)) continue;
      const x = Math.max(-4, view.x(band.from)), width = Math.max(2, Math.min(view.width + 4, view.x(band.to)) - x), y = lane.top + 8 + band.row * 15;
      const colour = paint.faultColour(band.event);
      c.globalAlpha = 0.22;
      c.fillStyle = colour;
      paint.box(c, x, y, width, 13, 3);
      c.globalAlpha = 1;
      c.fillRect(x, y, 2, 13);
      c.fillStyle = paint.ink;
      const at = Math.max(x, 0) + 6;
      const who = band.event.member >= 0 ? `m${band.event.member + 1} ` : "";
      paint.label(c, `${who}${this.run.textOf(band.event)}`, at, y + 7, x + width - at - 2);
      this.spots.push({ e: band.event, box: [x, y, width, 13] });
    }
    this.drawMarks(c, lane);
  }

  drawClient(c, lane) {
    const { view, paint } = this;
    const y = lane.top + 4, height = lane.height - 9;
    let drawnTo = -Infinity, drawn = "";
    lane.operations.each(view.from, view.to, e => {
      if (!this.filter.passes(e)) return;
      const x = Math.max(-4, view.x(e.call)), end = Math.min(view.width + 4, view.x(e.time));
      if (end < drawnTo + 0.4 && drawn === e.outcome) return;
      drawnTo = Math.max(end, x + 1.5);
      drawn = e.outcome;
      c.fillStyle = paint.outcomes[e.outcome];
      c.globalAlpha = e === view.selected ? 1 : 0.85;
      paint.box(c, x, y, Math.max(1.5, end - x), height, 3);
      if (e.outcome === "Unknown") {
        c.fillStyle = paint.hatch(c, paint.back);
        c.globalAlpha = 0.5;
        paint.box(c, x, y, Math.max(1.5, end - x), height, 3);
      }
      c.globalAlpha = 1;
      if (end - x > 30) {
        c.fillStyle = paint.inkOnRole;
        const at = Math.max(x, 0) + 5;
        const text = this.run.textOf(e).replace(/^client \d+: /, "");
        if (!paint.label(c, text, at, y + height / 2 + 0.5, end - at - 4)) paint.label(c, text.split(" -> ")[0], at, y + height / 2 + 0.5, end - at - 4);
      }
      this.spots.push({ e, box: [x, y, Math.max(3, end - x), height] });
    });
  }

  drawLines(c) {
    const { view, paint, run } = this;
    const line = (time, colour, width, dash, text) => {
      const x = view.x(time);
      if (x < -2 || x > view.width + 2) return;
      c.strokeStyle = colour;
      c.lineWidth = width;
      c.setLineDash(dash);
      c.beginPath();
      c.moveTo(x, 0);
      c.lineTo(x, this.height);
      c.stroke();
      c.setLineDash([]);
      if (text) {
        const room = c.measureText(text).width + 8;
        const at = x + room > view.width ? x - room : x;
        c.fillStyle = colour;
        c.fillRect(at, 0, room, 14);
        c.fillStyle = paint.back;
        c.fillText(text, at + 4, 7.5);
      }
    };
    if (run.data.dropped) line(run.data.completeFromNs, paint.warn, 1, [2, 4], "messages and operations from here");
    if (run.recovery) line(run.recovery.time, paint.muted, 1, [6, 4], "faults end");
    if (run.violation) line(run.violation.time, paint.bad, 2, [], "violation");
    if (view.selected) {
      if (view.selected !== run.violation) line(view.selected.time, paint.accent, 1.2, []);
      this.outline(c, view.selected);
    }
    if (view.pointer !== null) line(view.time(view.pointer), paint.muted, 0.6, [2, 3]);
  }

  /** What is selected stands out, whatever it is. */
  outline(c, e) {
    const spot = this.spots.find(s => s.e === e);
    if (!spot) return;
    c.strokeStyle = this.paint.accent;
    c.lineWidth = 2;
    if (spot.box) {
      const [x, y, width, height] = spot.box;
      c.strokeRect(x - 1, y - 1, width + 2, height + 2);
    } else {
      c.beginPath();
      c.arc(spot.x1, spot.y1, 4, 0, 7);
      c.stroke();
    }
  }

  /** The event under the pointer: small things before large ones. */
  hit(x, y) {
    let best = null, bestSize = Infinity;
    for (const spot of this.spots) {
      let size;
      if (spot.box) {
        const [left, top, width, height] = spot.box;
        if (x < left - 1 || x > left + width + 1 || y < top || y > top + height) continue;
        size = width;
      } else {
        const distance = distanceTo(x, y, spot);
        if (distance > 4) continue;
        size = 5 + distance;
      }
      if (size < bestSize) {
        best = spot.e;
        bestSize = size;
      }
    }
    return best;
  }
}

function distanceTo(x, y, { x1, y1, x2, y2 }) {
  const dx = x2 - x1, dy = y2 - y1;
  const along = Math.min(1, Math.max(0, ((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy || 1)));
  return Math.hypot(x - x1 - along * dx, y - y1 - along * dy);
}
