/** The help, of which fixtures/COMMAND/help shows how it looks: what it says is so, and fits. */
import { execa } from 'execa'
import t, { type Test } from 'tap'
import { helpText } from '../../lib/cli/options/help.js'
import { type Example, nameOf, type Usage } from '../../lib/cli/options/option.js'
import { bundle, COMMANDS, withCommands } from '../support/commands.js'

const USAGES = new Map<string, Usage>(
  await Promise.all(
    COMMANDS.map(
      async command => [command, (await import(`../../lib/${command}/options.js`)).usage] as [string, Usage],
    ),
  ),
)

for (const [command, usage] of USAGES) {
  const { subcommands = [], options, examples } = usage

  t.test(`${command}: no line is longer than 80, and the commands and options in it are there`, async t => {
    const calls = [[], ...subcommands.map(call => nameOf(call).split(' '))]
    for (const words of calls) {
      const text = helpText(usage, words, 80)
      // a line to type is not broken
      const lines = text.replace(/\nExamples?:\n(?: .*\n)+/, '').split('\n')
      t.same(
        lines.filter(line => line.length > 80),
        [],
        words.join(' '),
      )
    }
    t.equal(examples.length, 2)
    const shown: Example[] = [...examples, ...subcommands.flatMap(({ examples = [] }) => examples)]
    for (const [line] of shown) for (const stage of line.split(' | ')) checkStage(t, stage)
    const names = subcommands.map(nameOf)
    for (const [name, { verbs = [] }] of Object.entries(options))
      t.ok(
        verbs.every(verb => names.includes(verb)),
        `--${name}: ${verbs}`,
      )
    for (const { takes = [] } of subcommands)
      t.ok(
        takes.every(name => Object.hasOwn(options, name)),
        String(takes),
      )
    for (const { group } of Object.values(options)) t.ok(group)
  })

  for (const call of subcommands)
    t.match(helpText(usage, nameOf(call).split(' '), 80), `${command} ${call.call} [options]\n`)
}

t.test('a bundle says of options what it says without its substitutes', async t => {
  const said = async (file: string, word: string) => {
    const run = await execa('node', [file, word], { env: withCommands(), reject: false, input: '' })
    return [run.stdout, run.stderr, run.exitCode]
  }
  for (const word of ['--help', '-h', 'help', '--version', '--hepl', '--a.b', '--max'])
    t.same(await said(bundle('xff-window'), word), await said('build/bin/xff-window.js', word), word)
})

t.test('the words that a message names are those of the help', async t => {
  for (const command of ['xff-ban', 'xff-jail']) {
    const { stderr } = await execa('node', [bundle(command), 'lits'], { env: withCommands(), reject: false })
    const names = [...(USAGES.get(command)?.subcommands ?? [])].map(nameOf)
    const [, expected = ''] = /expected (.*?)(?: or options only)?, got/.exec(stderr) ?? []
    t.same(expected.split(', ').sort(), names.sort(), stderr)
    t.match(stderr, '(did you mean list?)')
  }
})

/** Looks up the options of a stage in an example. */
function checkStage(t: Test, stage: string): void {
  const [command = '', ...words] = stage.split(' ')
  const options = USAGES.get(command)?.options
  if (!options) return
  for (const word of words)
    if (word.startsWith('--')) t.ok(Object.hasOwn(options, word.slice(2)), `${stage}: ${word}`)
}
