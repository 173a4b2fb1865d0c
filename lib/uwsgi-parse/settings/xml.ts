import type { Sections } from './entries.js'

/**
 * An XML file (plugins of uWSGI, core/xmlconf.c): `<uwsgi>` with an element per option, alone or within another root;
 * `id` names a section.
 * @throws RangeError for what is no XML
 */
export async function parseXmlConfig(text: string): Promise<Sections> {
  const { parseXml, XmlElement } = await import('@rgrove/parse-xml')
  try {
    const { root } = parseXml(text)
    const elements = root === null ? [] : root.name === 'uwsgi' ? [root] : root.children
    return elements.flatMap(section =>
      section instanceof XmlElement && section.name === 'uwsgi'
        ? [
            {
              name: section.attributes.id ?? 'uwsgi',
              entries: section.children.flatMap((option): [string, string][] =>
                option instanceof XmlElement ? [[option.name, option.text.trim() || 'true']] : [],
              ),
            },
          ]
        : [],
    )
  } catch (error) {
    throw new RangeError(
      `not XML: ${String(error instanceof Error ? error.message : error).split('\n', 1)[0]}`,
    )
  }
}
