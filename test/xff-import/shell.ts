/** What is printed for a shell is read by one. */
import { execa } from 'execa'
import fc from 'fast-check'
import t from 'tap'
import { comment, settingValue, shellPattern, shellWord } from '../../lib/xff-import/shell.js'
import '../support/apart.js'
import { seeded } from '../support/seeded.js'

// what a line of an ini file can hold, with much of what means something to a shell
const text = fc
  .string({
    unit: fc.oneof(
      fc.constantFrom(...'\'"\\$`!*?[]{}();&|<>#~ =-a.'),
      fc.constantFrom('\t', '\r', 'é', '\x1b'),
    ),
    maxLength: 12,
  })
  .filter(one => one !== '')

async function words(script: string): Promise<string[]> {
  const { stdout } = await execa('bash', ['-c', `set -f; show() { printf '%s\\0' "$@"; }\n${script}`], {
    stripFinalNewline: false,
  })
  return stdout.split('\0').slice(0, -1)
}

t.test('a word, a pattern and a settings value come out as they went in', async t => {
  const property = fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 5 }), async given => {
    t.same(await words(`show ${given.map(shellWord).join(' ')}`), given)
    const paths = given.map(one => `/${one}`)
    t.same(await words(`show ${paths.map(shellPattern).join(' ')}`), paths)
    t.same(await words(`X=${settingValue(given)}; eval "set -- $X"; show "$@"`), given)
  })
  await fc.assert(property, seeded(t, 50))
  t.equal(shellPattern('-n/*.log'), './-n/*.log')
})

t.test('no text in a comment ends it', async t => {
  const property = fc.asyncProperty(fc.string({ unit: 'binary' }), async given => {
    t.same(await words(`${comment(given)}\nshow end`), ['end'])
  })
  await fc.assert(property, seeded(t, 20))
  t.equal(comment('a\nb\u2028c\x85d'), '# a\\u{a}b\\u{2028}c\\u{85}d')
})
