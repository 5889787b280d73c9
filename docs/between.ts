/**
 * A document with another text between the marks of the command that writes it.
 *
 * @throws Error when the document has no such marks
 */
export function between(document: string, text: string, command: string, content: string): string {
  const [begin, end] = [`<!-- ${command} -->`, `<!-- end of ${command} -->`];
  const [head, rest] = text.split(begin);
  const tail = rest?.split(end)[1];
  if (tail === undefined) throw new Error(`expected ${begin} and ${end} in ${document}, got no such lines`);
  return `${head}${begin}\n\n${content}\n\n${end}${tail}`;
}
