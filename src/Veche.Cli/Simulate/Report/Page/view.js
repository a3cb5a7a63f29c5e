// The part of the run that is in view, and what is selected in it.

class View {
  static LEAST_NS = 2000;

  constructor(run, changed) {
    this.run = run;
    this.changed = changed;
    this.width = 1;
    this.from = 0;
    this.to = run.end;
    this.selected = null;
    this.pointer = null;
  }

  get span() { return this.to - this.from; }

  x(time) { return (time - this.from) / this.span * this.width; }

  time(x) { return this.from + x / this.width * this.span; }

  /** Shows a stretch of time, as far as there is one. */
  show(from, to) {
    const most = this.run.end * 1.02;
    const span = Math.min(most, Math.max(View.LEAST_NS, to - from));
    const margin = this.run.end * 0.01;
    const start = Math.min(Math.max((from + to - span) / 2, -margin), this.run.end + margin - span);
    this.from = start;
    this.to = start + span;
    this.changed("range");
  }

  fit() { this.show(-this.run.end * 0.01, this.run.end * 1.01); }

  /** By a factor around a time that stays where it is. */
  zoom(factor, around = this.focus()) {
    const span = Math.min(this.run.end * 1.02, Math.max(View.LEAST_NS, this.span * factor));
    const share = (around - this.from) / this.span;
    this.show(around - share * span, around + (1 - share) * span);
  }

  pan(ns) { this.show(this.from + ns, this.to + ns); }

  /** Keyboard and buttons zoom around what is selected when it is in view. */
  focus() {
    const at = this.selected ? this.selected.time : NONE;
    return at >= this.from && at <= this.to ? at : (this.from + this.to) / 2;
  }

  /** Selects an event and brings it into view. */
  select(e) {
    this.selected = e;
    if (e) {
      const begin = e.call !== NONE ? e.call : e.time;
      if (e.time < this.from || begin > this.to || (begin < this.from && e.time > this.to)) {
        const middle = (begin + e.time) / 2;
        const span = Math.max(this.span, (e.time - begin) * 1.5);
        this.show(middle - span / 2, middle + span / 2);
      }
    }
    this.changed("selection");
  }
}
