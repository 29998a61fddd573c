// Figures and states as people say them.

const figures = new Intl.NumberFormat("en");

export function terse(number) {
  if (number < 10000) return figures.format(Math.round(number));
  return number < 1e6 ? `${Math.round(number / 1000)}k` : `${(number / 1e6).toFixed(1)}M`;
}

export function money(usd) {
  if (usd === 0 || usd >= 0.01) return `$${usd.toFixed(2)}`;
  return `$${usd.toPrecision(2)}`;
}

export function duration(seconds) {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return seconds < 172800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} days`;
}

/** A time of day where it is within one, else the day; in the user's own zone. */
export function when(iso) {
  const time = new Date(iso);
  const near = time.getTime() - Date.now() < 86_400_000;
  const form = near ? { hour: "2-digit", minute: "2-digit" } : { month: "long", day: "numeric" };
  return new Intl.DateTimeFormat("en", form).format(time);
}

export function size(bytes) {
  if (bytes < 1e6) return `${Math.round(bytes / 1000)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

const OF = { inputTokens: "input tokens", outputTokens: "output tokens" };
const EVERY = { 1: "a second", 60: "a minute", 3600: "an hour", 86400: "a day" };

export function whatOf(limit) {
  return `${OF[limit.of] ?? limit.of} ${EVERY[limit.seconds] ?? `in ${duration(limit.seconds)}`}`;
}

/** By the daemon's own count; where other machines count too, by what the provider said last. */
export function usedOf(limit) {
  if (limit.used !== undefined) return limit.used;
  return limit.remaining === undefined ? undefined : limit.limit - limit.remaining;
}

const REASONS = {
  firstToken: "for the first words",
  rateLimit: "for the rate limit",
  askedElsewhere: "for an equal call",
  concurrency: "for a free place",
};

export function stateOf(call) {
  const place = call.position === undefined ? "" : `, place ${call.position}`;
  const reason = call.reason === undefined ? "" : ` ${REASONS[call.reason] ?? `(${call.reason})`}`;
  return `${call.state}${reason}${place}`;
}
