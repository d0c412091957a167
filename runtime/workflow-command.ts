// Annotations of GitHub Actions: a line on stdout that stands at a line of a file in the pull request.
// Spec: https://docs.github.com/actions/reference/workflow-commands

export interface Annotation {
  readonly level: 'error' | 'warning' | 'notice';
  readonly file: string;
  /** From 1; null: the file. */
  readonly line: number | null;
  readonly column?: number;
  readonly title: string;
}

export function workflowCommand({ level, file, line, column, title }: Annotation, message: string): string {
  const place = [
    `file=${propertyText(file)}`,
    ...(line === null ? [] : [`line=${line}`]),
    ...(column === undefined ? [] : [`col=${column}`]),
  ];
  return `::${level} ${place.join(',')},title=${propertyText(title)}::${valueText(message)}`;
}

function valueText(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function propertyText(text: string): string {
  return valueText(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
