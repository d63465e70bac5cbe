export type Cell = string | number | undefined | null

/** Columns padded to their widest cell, two spaces between them; what is unknown shows as `-`. */
export function table(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const lines = [header, ...rows.map((row) => row.map((cell) => (cell == null || cell === '' ? '-' : String(cell))))]
  const widths = header.map((_, column) => Math.max(...lines.map((line) => width(line[column] ?? ''))))
  const padded = lines.map((line) =>
    line
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - width(cell)))
      .join('  ')
      .trimEnd(),
  )
  return padded.join('\n') + '\n'
}

/** Characters, not UTF-16 units. */
const width = (text: string): number => Array.from(text).length
