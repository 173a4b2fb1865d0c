import t from 'tap'
import { readConfig } from '../../lib/xff-import/config.js'
import { parseIni } from '../../lib/xff-import/configparser.js'
import { interpolated } from '../../lib/xff-import/interpolate.js'
import { tempDir } from '../support/temp-dir.js'

const plain = (text: string) => {
  const { sections, badLines } = parseIni(text)
  return {
    sections: Object.fromEntries([...sections].map(([name, s]) => [name, Object.fromEntries(s)])),
    badLines,
  }
}

t.test("a file is read as Python's configparser reads it", t => {
  t.same(
    plain(
      [
        '# a comment',
        '[DEFAULT]',
        'maxRetry = 10 ; said behind',
        'url: http://x/;y=1',
        '[uwsgi] ; the app',
        'action = one[a=1,',
        '             b=2]',
        '    # in between',
        '',
        '         two',
        '',
        'empty =',
        'Filter=%(__name__)s\r',
        '  ; nothing',
        'key = a = b',
      ].join('\n'),
    ),
    {
      sections: {
        DEFAULT: { maxretry: '10', url: 'http://x/;y=1' },
        uwsgi: { action: 'one[a=1,\nb=2]\n\ntwo', empty: '', filter: '%(__name__)s', key: 'a = b' },
      },
      badLines: [],
    },
  )
  t.same(plain('a = 1\n[x]\nnothing\n= 2\n'), { sections: { x: {} }, badLines: [1, 3, 4] })
  t.end()
})

t.test('later files override earlier ones, and %(known/...)s is the overridden value', async t => {
  const dir = tempDir(t, {
    'jail.conf':
      '[INCLUDES]\nbefore = a.conf\n         missing.conf\nafter = z.conf\n[x]\none = conf\nonly = conf\n',
    'a.conf': '[x]\none = a\nfirst = a\n[INCLUDES]\nbefore = jail.conf\n',
    'a.local': '[x]\nfirst = a.local\n',
    'z.conf': '[x]\nlast = z\n',
    'jail.d': {
      '2.conf': '[x]\none = 2\n',
      '1.conf': '[x]\none = 1\n',
      '1.local': '[x]\none = %(known/one)s+1.local\n',
    },
    'jail.local': '[x]\none = local\nlast = local\n',
  })
  const config = await readConfig(`${dir}/jail`)
  const get = interpolated(config)
  t.same(
    config.files.map(file => file.slice(dir.length + 1)),
    [
      'a.conf',
      'a.local',
      'jail.conf',
      'z.conf',
      'jail.d/1.conf',
      'jail.d/2.conf',
      'jail.local',
      'jail.d/1.local',
    ],
  )
  t.equal(get('x', 'one'), 'local+1.local')
  t.equal(get('x', 'first'), 'a.local')
  t.equal(get('x', 'last'), 'local')
  t.equal(get('x', 'only'), 'conf')
})

t.test('options are interpolated, and what cannot be is an error', async t => {
  const dir = tempDir(t, {
    'jail.conf': `[DEFAULT]
a = <%(b)s>
b = default
laugh0 = ${'ha'.repeat(100)}
cry0 =
${['laugh', 'cry'].flatMap(name => Array.from({ length: 8 }, (_, i) => `${name}${i + 1} = ${`%(${name}${i})s`.repeat(20)}`)).join('\n')}
[One]
B = 100%% of %(__name__)s
c = %(A)s %(other/x)s %(default/b)s
round = %(round)s
lost = %(nowhere)s
odd = 5% more
[other]
x = there
`,
  })
  const get = interpolated(await readConfig(`${dir}/jail`), { given: 'always' })
  t.equal(get('One', 'a'), '<100% of One>')
  t.equal(get('One', 'C'), '<100% of One> there default')
  t.equal(get('other', 'a'), '<default>')
  t.equal(get('other', 'given'), 'always')
  t.equal(get('other', 'nothing'), undefined)
  for (const [option, message] of [
    ['round', 'refers to itself'],
    ['lost', 'has %(nowhere)s, which is not defined'],
    ['odd', 'has a % that is neither %% nor %(name)s'],
    ['laugh8', 'is too long'],
    ['cry8', 'is too long'],
  ] as const) {
    t.throws(() => get('One', option), { message }, option)
  }
})
