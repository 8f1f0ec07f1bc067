export function EvidenceListPage() { return null }
