export function EvidencePage() { return null }
