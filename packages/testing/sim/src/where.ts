/** The innermost places that are not the assertion itself, without folders, so that traces of two machines are alike. */
export function where(error: Error): string {
  const places = (error.stack ?? '').split('\n').filter((line) => line.includes('.ts:') && !line.includes('/assert.ts'))
  const short = places
    .slice(0, 4)
    .map((line) => line.replace(/^\s*at\s+/, '').replace(/\(?(?:file:\/\/)?\/.*\/([^/]+\.ts:\d+):\d+\)?/, '$1'))
  return short.length > 0 ? ` [${short.join(' < ')}]` : ''
}
