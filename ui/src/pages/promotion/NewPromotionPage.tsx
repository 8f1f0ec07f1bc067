export function NewPromotionPage() { return null }
