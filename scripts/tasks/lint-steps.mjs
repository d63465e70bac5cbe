const bin = (path) => `node_modules/${path}`

/** The steps of `npm run lint`; `paths` narrows the first two. */
export function lintSteps(paths = []) {
  const where = paths.length > 0 ? paths : ['.']
  return [
    {
      name: 'oxlint (rules, with types)',
      args: [bin('oxlint/bin/oxlint'), '--type-aware', '--deny-warnings', '--quiet', ...where],
    },
    { name: 'prettier (format)', args: [bin('prettier/bin/prettier.cjs'), '--check', '--log-level=warn', ...where] },
    { name: 'knip (no dead files, exports or dependencies)', args: [bin('knip/bin/knip.js'), '--no-config-hints'] },
    { name: 'architecture.json (who imports whom)', args: ['scripts/arch.mjs'] },
    { name: 'proto/ (generated code)', args: ['scripts/proto.mjs', '--check'] },
    {
      name: 'docs/configuration.md (made from the schema)',
      args: ['--no-warnings', '--conditions=source', 'scripts/config-docs.mjs', '--check'],
    },
    {
      name: 'docs/errors.md (made from the error table)',
      args: ['--no-warnings', '--conditions=source', 'scripts/error-docs.mjs', '--check'],
    },
  ]
}
