import type { NewFile, Plan } from './plan.js'

/** What became of a file that is to be written. */
export type Fate = 'new' | 'same' | 'other' | 'written'

/** A plan for people; its lines can be copied. */
export function planText(plan: Plan, fates: ReadonlyMap<NewFile, Fate>): string {
  const { found, files, additions, warnings, steps } = plan
  const width = Math.max(...found.map(([what]) => what.length))
  const missing = files.filter(file => !['same', 'written'].includes(fates.get(file) ?? 'new'))
  const reloads = [...new Set(additions.map(({ reload }) => reload))]
  const all = [
    ...(missing.length > 0 ? [plan.write] : []),
    ...reloads.map(line =>
      line === 'reload it' ? '# and have the front end read its configuration again' : line,
    ),
    ...steps,
  ]
  return [
    'Found:',
    ...found.map(([what, where]) => `  ${what.padEnd(width)}  ${where}`),
    ...files.flatMap(file => ['', heading(file, fates.get(file) ?? 'new'), ...indented(file.text)]),
    ...additions.flatMap(({ file, where, lines }) => [
      '',
      `Add to ${file}, ${where}:`,
      ...indented(lines.join('\n')),
    ]),
    ...(warnings.length > 0 ? ['', 'Mind:', ...warnings.map(text => `  - ${text}`)] : []),
    '',
    additions.length > 0 ? 'With these lines in their place:' : 'Then:',
    ...all.map(step => `  ${step}`),
    '',
  ].join('\n')
}

function heading({ path, text }: NewFile, fate: Fate): string {
  const what = text === '' ? `${path}, an empty file` : path
  switch (fate) {
    case 'new':
      return `To be written, ${what}:`.replace(/:$/, text === '' ? '' : ':')
    case 'written':
      return `Written, ${what}${text === '' ? '' : ':'}`
    case 'same':
      return `${path} is there already${text === '' ? '' : ':'}`
    case 'other':
      return `${path} says something else and stays as it is; this would be:`
  }
}

function indented(text: string): string[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map(line => `    ${line}`)
}
