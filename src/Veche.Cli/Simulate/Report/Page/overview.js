// The whole run in a few pixels, with what is in view marked.

class Overview {
  static HEIGHT = 52;

  constructor(run, view, paint) {
    Object.assign(this, { run, view, paint });
    this.canvas = document.getElementById("overview");
    this.canvas.addEventListener("pointerdown", down => {
      this.canvas.setPointerCapture(down.pointerId);
      this.move(down);
    });
    this.canvas.addEventListener("pointermove", move => { if (move.buttons & 1) this.move(move); });
  }

  x(time) { return (time + this.run.end * 0.01) / (this.run.end * 1.02) * this.width; }

  move(pointer) {
    const time = pointer.offsetX / this.width * this.run.end * 1.02 - this.run.end * 0.01;
    this.view.show(time - this.view.span / 2, time + this.view.span / 2);
  }

  resize(width) {
    this.width = Math.max(50, width);
    this.context = Paint.size(this.canvas, this.width, Overview.HEIGHT);
    this.still = null;
  }

  draw() {
    const { context: c, view, paint, run } = this;
    if (!this.still) this.still = this.drawStill();
    c.clearRect(0, 0, this.width, Overview.HEIGHT);
    c.drawImage(this.still, 0, 0, this.width, Overview.HEIGHT);
    const from = this.x(view.from), to = Math.max(from + 3, this.x(view.to));
    c.fillStyle = paint.back;
    c.globalAlpha = 0.6;
    c.fillRect(0, 0, from, Overview.HEIGHT);
    c.fillRect(to, 0, this.width - to, Overview.HEIGHT);
    c.globalAlpha = 1;
    c.strokeStyle = paint.accent;
    c.lineWidth = 1.5;
    c.strokeRect(from + 0.5, 1, to - from - 1, Overview.HEIGHT - 2);
    if (run.violation) {
      c.fillStyle = paint.bad;
      c.fillRect(this.x(run.violation.time) - 1, 0, 2.5, Overview.HEIGHT);
    }
  }

  drawStill() {
    const { paint, run } = this;
    const canvas = document.createElement("canvas");
    const c = Paint.size(canvas, this.width, Overview.HEIGHT);
    c.fillStyle = paint.back;
    c.fillRect(0, 0, this.width, Overview.HEIGHT);
    c.globalAlpha = 0.5;
    for (const band of run.world.bands) {
      c.fillStyle = paint.faultColour(band.event);
      c.fillRect(this.x(band.from), 2, Math.max(1, this.x(band.to) - this.x(band.from)), 5);
    }
    c.globalAlpha = 1;
    const room = Overview.HEIGHT - 12, height = Math.min(9, room / run.members.length);
    run.members.forEach((member, i) => {
      member.states.forEach((state, at) => {
        if (GONE.has(state.role)) return;
        const until = at + 1 < member.states.length ? member.states[at + 1].time : run.end;
        const width = this.x(until) - this.x(state.time);
        if (width < 0.3 && state.role !== "Leader") return;
        c.fillStyle = paint.roles[state.role];
        c.fillRect(this.x(state.time), 9 + i * height, Math.max(width, 1), Math.max(1, height - 1));
      });
    });
    return canvas;
  }
}
