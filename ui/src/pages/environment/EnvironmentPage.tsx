export function EnvironmentPage() { return null }
