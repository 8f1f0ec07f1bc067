import type { Scan } from '../../api/types'
import { ImageTraits } from './ImageTraits'
import { TestResults } from './TestResults'

/** What is known of one platform image beside its findings. */
export function ImageFacts({ scan }: { scan: Pick<Scan, 'id' | 'sbom' | 'image' | 'platformDigest'> }) {
  const images = [scan.platformDigest, scan.image].filter((one) => one !== null)
  return (
    <>
      {scan.sbom && <ImageTraits scan={scan.id} />}
      <TestResults images={images} />
    </>
  )
}
