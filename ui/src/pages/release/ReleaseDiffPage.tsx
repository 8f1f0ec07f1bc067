export function ReleaseDiffPage() { return null }
