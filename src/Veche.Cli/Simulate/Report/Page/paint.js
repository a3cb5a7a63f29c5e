// Colours of the style, and the few shapes that the picture is made of.

class Paint {
  constructor() { this.refresh(); }

  /** The style may change with the theme. */
  refresh() {
    const style = getComputedStyle(document.documentElement);
    const colour = name => style.getPropertyValue(`--${name}`).trim();
    this.back = colour("panel");
    this.stripe = colour("stripe");
    this.ink = colour("ink");
    this.muted = colour("muted");
    this.line = colour("line");
    this.accent = colour("accent");
    this.bad = colour("bad");
    this.warn = colour("warn");
    this.calm = colour("calm");
    this.inkOnRole = colour("ink-on-role");
    this.commit = colour("commit");
    this.applied = colour("applied");
    this.roles = Object.fromEntries(["Follower", "Learner", "PreCandidate", "Candidate", "Leader", "Paused", "Down", "Ruined", "Retired"].map(role => [role, colour(`role-${role.toLowerCase()}`)]));
    this.messages = Object.fromEntries(["Append", "Heartbeat", "Vote", "Read", "Forward", "Snapshot", "Lease", "Request", "Reply"].map(message => [message, colour(`message-${message.toLowerCase()}`)]));
    this.outcomes = { Done: colour("done"), Refused: colour("refused"), Unknown: colour("unknown") };
    this.faults = { cut: colour("fault-cut"), path: colour("fault-path"), disk: colour("fault-disk") };
    this.hatches = new Map();
  }

  faultColour(e) {
    return CUTS.has(e.fault) ? this.faults.cut : PATHS.has(e.fault) ? this.faults.path : this.faults.disk;
  }

  /** Diagonal lines of a colour. */
  hatch(context, colour) {
    if (!this.hatches.has(colour)) {
      const tile = document.createElement("canvas");
      tile.width = tile.height = 8;
      const t = tile.getContext("2d");
      t.strokeStyle = colour;
      t.lineWidth = 2;
      t.beginPath();
      for (const x of [-8, 0, 8]) { t.moveTo(x, 8); t.lineTo(x + 8, 0); }
      t.stroke();
      this.hatches.set(colour, context.createPattern(tile, "repeat"));
    }
    return this.hatches.get(colour);
  }

  box(context, x, y, width, height, radius) {
    context.beginPath();
    context.roundRect(x, y, Math.max(width, 1), height, Math.min(radius, width / 2, height / 2));
    context.fill();
  }

  cross(context, x, y, size) {
    context.beginPath();
    context.moveTo(x - size, y - size); context.lineTo(x + size, y + size);
    context.moveTo(x - size, y + size); context.lineTo(x + size, y - size);
    context.stroke();
  }

  /** A line with a head at its end. */
  arrow(context, x1, y1, x2, y2, head) {
    context.beginPath();
    context.moveTo(x1, y1);
    context.lineTo(x2, y2);
    context.stroke();
    if (!head) return;
    const angle = Math.atan2(y2 - y1, x2 - x1);
    context.beginPath();
    context.moveTo(x2, y2);
    context.lineTo(x2 - head * Math.cos(angle - 0.4), y2 - head * Math.sin(angle - 0.4));
    context.lineTo(x2 - head * Math.cos(angle + 0.4), y2 - head * Math.sin(angle + 0.4));
    context.closePath();
    context.fill();
  }

  diamond(context, x, y, size) {
    context.beginPath();
    context.moveTo(x, y - size); context.lineTo(x + size, y); context.lineTo(x, y + size); context.lineTo(x - size, y);
    context.closePath();
    context.fill();
  }

  /** Text that fits between two places, or nothing. */
  label(context, text, x, y, room) {
    if (room < 14) return false;
    if (context.measureText(text).width > room) return false;
    context.fillText(text, x, y);
    return true;
  }

  /** A canvas as sharp as the screen. */
  static size(canvas, width, height) {
    const ratio = window.devicePixelRatio || 1;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    return context;
  }
}
