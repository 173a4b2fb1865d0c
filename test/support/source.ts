/** What a file of TypeScript says of itself, by the compiler's own parser. */
import { readFileSync } from 'node:fs'
import ts from 'typescript'

export interface Source {
  /** the modules that are imported, be it for a type, at the start or later */
  imports: { name: string; isType: boolean }[]
  /** each function, with its lines from the first to the last */
  functions: { name: string; lines: number }[]
  /** what is only asserted: `as` other than `as const`, and `!` */
  casts: string[]
  /** without its comments */
  code: string
  lines: number
}

export function readSource(path: string): Source {
  const text = readFileSync(path, 'utf8')
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const source: Source = {
    imports: [],
    functions: [],
    casts: [],
    code: text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, ''),
    lines: text.split('\n').length,
  }
  const visit = (node: ts.Node) => {
    const imported = importedBy(node)
    if (imported) source.imports.push(imported)
    if (ts.isFunctionLike(node) && 'body' in node && node.body) {
      source.functions.push({ name: nameOf(node), lines: linesOf(node, file) })
    }
    if (isCast(node)) source.casts.push(node.getText(file))
    ts.forEachChild(node, visit)
  }
  visit(file)
  return source
}

function importedBy(node: ts.Node): { name: string; isType: boolean } | undefined {
  if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier) {
    if (!ts.isStringLiteral(node.moduleSpecifier)) return undefined
    const isType = ts.isImportDeclaration(node)
      ? node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
      : node.isTypeOnly
    return { name: node.moduleSpecifier.text, isType }
  }
  if (!ts.isCallExpression(node) || node.expression.kind !== ts.SyntaxKind.ImportKeyword) return undefined
  const [name] = node.arguments
  return name && ts.isStringLiteral(name) ? { name: name.text, isType: false } : undefined
}

function nameOf(node: ts.SignatureDeclaration): string {
  const named = node.name ?? ('name' in node.parent ? node.parent.name : undefined)
  return named && ts.isIdentifier(named as ts.Node) ? (named as ts.Identifier).text : 'one without a name'
}

function linesOf(node: ts.Node, file: ts.SourceFile): number {
  const line = (position: number) => file.getLineAndCharacterOfPosition(position).line
  return line(node.end) - line(node.getStart(file)) + 1
}

function isCast(node: ts.Node): boolean {
  if (ts.isAsExpression(node)) return node.type.getText() !== 'const'
  return ts.isNonNullExpression(node) || ts.isTypeAssertionExpression(node)
}
