export async function tour(_o: { rounds: number; keys: number }, _say: (text: string) => void): Promise<number> {
  return 1
}
