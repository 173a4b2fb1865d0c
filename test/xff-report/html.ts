import fc from 'fast-check'
import t from 'tap'
import { Html, html } from '../../lib/xff-report/html.js'
import { seeded } from '../support/seeded.js'

t.test('values in a template are text, not markup', async t => {
  t.equal(
    html`<p title="${`a"b'c`}">${'<b>&amp;</b>'}</p>`.source,
    '<p title="a&quot;b&#39;c">&lt;b&gt;&amp;amp;&lt;/b&gt;</p>',
  )
  t.equal(html`${1}${undefined}${[html`<br>`, ['<', html`<hr>`]]}`.source, '1<br>&lt;<hr>')
  t.equal(html`${new Html('<i>')}`.source, '<i>')
})

t.test('invisible characters and those that turn text around are shown by their numbers', async t => {
  const shown = (text: string) => html`${text}`.source
  t.equal(shown('a\0\t\n\x1b\x7f\x85'), 'a\\u{0}\\u{9}\\u{a}\\u{1b}\\u{7f}\\u{85}')
  t.equal(
    shown('\u202e\u2066\u061c\u200b\ufeff\u2028\u{e0001}'),
    '\\u{202e}\\u{2066}\\u{61c}\\u{200b}\\u{feff}\\u{2028}\\u{e0001}',
  )
  t.equal(shown('\u3164\u034f\u00a0\u3000\ud800'), '\\u{3164}\\u{34f}\\u{a0}\\u{3000}\\u{d800}')
  t.equal(shown('/käse ok/Ж/日本/🍎'), '/käse ok/Ж/日本/🍎')
})

t.test('no value in a template ends the element or attribute that holds it', async t => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom('<', '>', '"', "'", '&', '/', '\0', '-', '!') }),
  )
  fc.assert(
    fc.property(texts, text => !/[<>"'\p{C}]|&(?!(?:amp|lt|gt|quot|#39);)/u.test(html`${text}`.source)),
    seeded(t, 2000),
  )
})
