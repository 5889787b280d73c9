/** A table of aligned columns, or of Markdown. The first column is text, the others are figures. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], markdown: boolean): string {
  const width = (column: number) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0));
  const widths = head.map((_, column) => width(column));
  const cells = (row: readonly string[]) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)));
  const line = (row: readonly string[]) => (markdown ? `| ${cells(row).join(' | ')} |` : cells(row).join('  '));
  const rule = widths.map((length, column) => (column === 0 ? '-'.repeat(length) : `${'-'.repeat(length - 1)}:`));
  return [line(head), ...(markdown ? [line(rule)] : []), ...rows.map(line)].join('\n');
}
