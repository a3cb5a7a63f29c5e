// Things that last, in order of their beginnings, so that those in view are found without looking at all of them.

/** The last place whose time is not after the given one; -1 when there is none. */
function lastAtOrBefore(items, time, timeOf) {
  let low = 0, high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (timeOf(items[middle]) <= time) low = middle + 1; else high = middle;
  }
  return low - 1;
}

class Intervals {
  static BLOCK = 256;

  constructor(items, fromOf, toOf) {
    this.items = items;
    this.fromOf = fromOf;
    this.toOf = toOf;
    this.latest = [];
    items.forEach((item, i) => {
      const block = Math.floor(i / Intervals.BLOCK);
      this.latest[block] = Math.max(this.latest[block] ?? -Infinity, toOf(item));
    });
  }

  /** Calls with each that touches the time from one to the other. */
  each(from, to, call) {
    const last = lastAtOrBefore(this.items, to, this.fromOf);
    for (let i = 0; i <= last; i++) {
      if (i % Intervals.BLOCK === 0 && this.latest[i / Intervals.BLOCK] < from) {
        i += Intervals.BLOCK - 1;
        continue;
      }
      if (this.toOf(this.items[i]) >= from) call(this.items[i]);
    }
  }
}
