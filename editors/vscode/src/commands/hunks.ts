/** How two texts differ, in whole lines. */

/** `at` is where in the old text it begins, in characters; one of `old` and `new` may be empty. */
export interface Hunk {
  readonly at: number;
  readonly old: string;
  readonly new: string;
}

/** More cells of the table than this are not compared: the lines that differ are one hunk then. */
const MOST_CELLS = 4_000_000;

/** From the first to the last. */
export function hunks(before: string, after: string): Hunk[] {
  const old = lines(before);
  const made = lines(after);
  const least = Math.min(old.length, made.length);
  let first = 0;
  while (first < least && old[first] === made[first]) {
    first++;
  }
  let behind = 0;
  while (behind < least - first && old.at(-1 - behind) === made.at(-1 - behind)) {
    behind++;
  }
  const middle = differing(old.slice(first, old.length - behind), made.slice(first, made.length - behind));
  const at = length(old.slice(0, first));
  return middle.map((hunk) => ({ ...hunk, at: hunk.at + at }));
}

/** Each with its line break. */
export function lines(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function length(some: readonly string[]): number {
  return some.reduce((sum, line) => sum + line.length, 0);
}

/** By the longest common subsequence. */
function differing(old: readonly string[], made: readonly string[]): Hunk[] {
  if (old.length === 0 && made.length === 0) {
    return [];
  }
  if (old.length * made.length > MOST_CELLS) {
    return [{ at: 0, old: old.join(""), new: made.join("") }];
  }
  const width = made.length + 1;
  const common = new Uint32Array((old.length + 1) * width); // of what is behind (i, j)
  const cell = (i: number, j: number) => common[i * width + j] ?? 0;
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = made.length - 1; j >= 0; j--) {
      common[i * width + j] =
        old[i] === made[j] ? cell(i + 1, j + 1) + 1 : Math.max(cell(i + 1, j), cell(i, j + 1));
    }
  }
  const found: Hunk[] = [];
  let [i, j, at] = [0, 0, 0];
  while (i < old.length || j < made.length) {
    let [gone, come] = ["", ""];
    while ((i < old.length || j < made.length) && !(i < old.length && j < made.length && old[i] === made[j])) {
      if (j >= made.length || (i < old.length && cell(i + 1, j) >= cell(i, j + 1))) {
        gone += old[i++] ?? "";
      } else {
        come += made[j++] ?? "";
      }
    }
    if (gone !== "" || come !== "") {
      found.push({ at, old: gone, new: come });
      at += gone.length;
    }
    if (i < old.length) {
      at += (old[i++] ?? "").length;
      j++;
    }
  }
  return found;
}
