import { Button, Menu } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { releasesQuery } from '../../api/queries'
import type { Release } from '../../api/types'
import { paths } from '../../paths'
import { Icon } from '../../widgets/Icon'

const SHOWN = 12

/** Choose another release of the same name to compare with. */
export function CompareMenu({ release }: { release: Release }) {
  const navigate = useNavigate()
  const all = useInfiniteQuery(releasesQuery()).data?.pages.flatMap((page) => page.items) ?? []
  const others = all.filter(({ id, name }) => id !== release.id && name === release.name).slice(0, SHOWN)
  return (
    <Menu position="bottom-end" shadow="md" disabled={others.length === 0}>
      <Menu.Target>
        <Button variant="default" leftSection={<Icon name="git-compare" />} disabled={others.length === 0}>
          Compare
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>What changed since</Menu.Label>
        {others.map((other) => (
          <Menu.Item key={other.id} onClick={() => void navigate(paths.releaseDiff(other.id, release.id))}>
            {other.name} {other.version}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
