/** Figures as people say them. */

export function duration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 0.95) {
    return `${Math.max(0.1, Math.round(seconds * 10) / 10)} s`;
  }
  if (seconds < 90) {
    return `${Math.round(seconds)} s`;
  }
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

/** To the cent, and to the first two figures of less than that. */
export function money(usd: number): string {
  return usd === 0 || usd >= 0.01 ? `$${usd.toFixed(2)}` : `$${usd.toPrecision(2)}`;
}

export function speed(tokensPerSecond: number): string {
  return `${tokensPerSecond < 10 ? tokensPerSecond.toFixed(1) : Math.round(tokensPerSecond)} tok/s`;
}

export function count(number: number): string {
  return number < 10_000
    ? number.toString()
    : number < 1e6
      ? `${Math.round(number / 1000)}k`
      : `${(number / 1e6).toFixed(1)}M`;
}

/** The model's own name, without its provider, as short as a status bar wants it. */
export function short(model: string, most = 24): string {
  const name = model.slice(model.indexOf("/") + 1);
  return name.length <= most ? name : `${name.slice(0, most - 9)}…${name.slice(-8)}`;
}
