import { maxShift } from "./cells.ts";
import type { Column } from "./column.ts";
import { COLUMNS } from "./columns.ts";
import type { TopDomain } from "./top-domain.ts";
import { FIRST_VIEW, moved, sortedByNext, type View, withNextUnits } from "./view.ts";

/** What a key's effect depends on. */
export interface KeyContext {
  readonly rows: readonly TopDomain[];
  readonly columns: readonly Column[];
  /** Width of the terminal. */
  readonly width: number;
  /** Lines that a page of the table has. */
  readonly pageLines: number;
  /** How far a VM's page can be scrolled. */
  readonly maxScroll: number;
}

/** What is to be done that is no matter of how things are seen. */
export type Command = "quit" | "redraw" | "suspend";

export type Effect = View | Command;

/** A key or several, and what they do. */
interface Binding {
  readonly keys: readonly string[];
  readonly help: string;
  readonly press: (view: View, context: KeyContext, key: string) => Effect;
}

function scrolled(view: View, { rows, maxScroll }: KeyContext, by: number): View {
  if (view.page === "table") return moved(view, rows, by);
  return { ...view, scroll: Math.min(Math.max(view.scroll + by, 0), maxScroll) };
}

function shifted(view: View, { columns, width }: KeyContext, by: number): View {
  const shift = Math.min(Math.max(view.shift + by, 0), maxShift(columns, width, view.sort));
  return { ...view, shift };
}

function sortedOrReversed(view: View, sort: string): View {
  return { ...view, sort, isReversed: view.sort === sort ? !view.isReversed : false };
}

function titleOf(id: string): string {
  return COLUMNS.find((column) => column.id === id)?.title ?? id;
}

/** Escape and q leave a page before they leave the program or the filter. */
function left(view: View): View {
  return { ...view, page: "table", scroll: 0 };
}

/** Sorting by one key; again reverses. */
const SORT_KEYS: Readonly<Record<string, string>> = {
  N: "name",
  C: "cpu_ratio",
  S: "steal_ratio",
  M: "memory_used_bytes",
  R: "disk_read_bytes_per_second",
  W: "disk_written_bytes_per_second",
  L: "disk_latency_seconds",
  I: "network_received_bytes_per_second",
  O: "network_sent_bytes_per_second",
  H: "health",
};

/** Every key outside of the filter's line, in the order of the help. */
export const BINDINGS: readonly Binding[] = [
  { keys: ["up", "k"], help: "One line up.", press: (view, context) => scrolled(view, context, -1) },
  { keys: ["down", "j"], help: "One line down.", press: (view, context) => scrolled(view, context, 1) },
  {
    keys: ["pageup", "b"],
    help: "One page up.",
    press: (view, context) => scrolled(view, context, -context.pageLines),
  },
  {
    keys: ["pagedown", "f"],
    help: "One page down.",
    press: (view, context) => scrolled(view, context, context.pageLines),
  },
  {
    keys: ["home", "g"],
    help: "To the first line.",
    press: (view, context) => scrolled(view, context, -Infinity),
  },
  {
    keys: ["end", "G"],
    help: "To the last line.",
    press: (view, context) => scrolled(view, context, Infinity),
  },
  {
    keys: ["right", "l"],
    help: "Columns that did not fit, one further.",
    press: (view, context) => shifted(view, context, 1),
  },
  { keys: ["left"], help: "One column back.", press: (view, context) => shifted(view, context, -1) },
  {
    keys: ["enter"],
    help: "The VM under the cursor: its vCPUs, disks and vNICs with their last minutes.",
    press: (view, { rows }) =>
      view.page === "table" && rows.length > 0
        ? { ...moved(view, rows, 0), page: "domain", scroll: 0 }
        : left(view),
  },
  {
    keys: ["escape"],
    help: "Back; in the table: no filter.",
    press: (view) => (view.page === "table" ? { ...view, filter: "" } : left(view)),
  },
  {
    keys: ["/"],
    help: "Filter: words that are in name, uuid, state or host. Enter keeps it, Escape drops it.",
    press: (view) => ({ ...left(view), typing: view.filter }),
  },
  {
    keys: [">", "."],
    help: "Sort by the next column to the right.",
    press: (view, { columns }) => sortedByNext(view, columns, 1),
  },
  {
    keys: ["<", ","],
    help: "Sort by the next column to the left.",
    press: (view, { columns }) => sortedByNext(view, columns, -1),
  },
  { keys: ["r"], help: "The other way round.", press: (view) => ({ ...view, isReversed: !view.isReversed }) },
  {
    keys: Object.keys(SORT_KEYS),
    help: `Sort by ${Object.values(SORT_KEYS).map(titleOf).join(", ")}; again: the other way round.`,
    press: (view, _context, key) => sortedOrReversed(view, SORT_KEYS[key] ?? view.sort),
  },
  {
    keys: ["space", "p"],
    help: "Pause: nothing is read until it is pressed again.",
    press: (view) => ({ ...view, isPaused: !view.isPaused }),
  },
  { keys: ["u"], help: "Units: bytes by 1024, by 1000, network in bits.", press: withNextUnits },
  {
    keys: ["?", "h"],
    help: "This help.",
    press: (view) => (view.page === "help" ? left(view) : { ...view, page: "help", scroll: 0 }),
  },
  { keys: ["ctrl-l"], help: "Draw everything anew.", press: () => "redraw" },
  { keys: ["ctrl-z"], help: "Back to the shell for a while; fg returns.", press: () => "suspend" },
  {
    keys: ["q"],
    help: "Back, and from the table: end.",
    press: (view) => (view.page === "table" ? "quit" : left(view)),
  },
  { keys: ["ctrl-c"], help: "End.", press: () => "quit" },
];

const BY_KEY = new Map(BINDINGS.flatMap((binding) => binding.keys.map((key) => [key, binding] as const)));

/** What a key does; one that means nothing does nothing. */
export function pressed(view: View, key: string, context: KeyContext): Effect {
  if (view.typing !== undefined) return typed(view, view.typing, key);
  return BY_KEY.get(key)?.press(view, context, key) ?? view;
}

const MAX_FILTER = 100;

/** A key in the filter's line. */
function typed(view: View, typing: string, key: string): Effect {
  switch (key) {
    case "ctrl-c":
      return "quit";
    case "enter":
      return { ...view, filter: typing.trim(), typing: undefined };
    case "escape":
      return { ...view, filter: FIRST_VIEW.filter, typing: undefined };
    case "backspace":
      return { ...view, typing: Array.from(typing).slice(0, -1).join("") };
    default: {
      const text = key === "space" ? " " : key;
      return Array.from(text).length === 1 && typing.length < MAX_FILTER
        ? { ...view, typing: typing + text }
        : view;
    }
  }
}
