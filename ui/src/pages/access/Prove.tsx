import { Button, PasswordInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, take } from '../../api/client'
import { proofQuery } from '../../api/proof'
import type { Problem } from '../../api/types'

const ASKED_FOR = new Set(['ST-PRO-033', 'ST-IDN-026', 'ST-IDN-027'])

interface Proof {
  asked: boolean
  password: string
  setPassword: (password: string) => void
  /** Gives the password where one was typed; throws Refused where it is wrong. */
  prove: () => Promise<void>
}

/** The password of who speaks, where the environment asks for a recent proof. `asked`: known beforehand. */
export function useProof(asked: boolean): Proof {
  const [password, setPassword] = useState('')
  const prove = async () => {
    if (password !== '') await take(api.POST('/api/v1/session/proof', { body: { password } }))
  }
  return { asked, password, setPassword, prove }
}

/** What a dialog shows for it: a field, or the way to the provider. `problem`: what its last try was refused with. */
export function Prove({ proof, problem }: { proof: Proof; problem: Problem | undefined }) {
  const refused = problem !== undefined && ASKED_FOR.has(problem.code)
  if (!proof.asked && !refused && proof.password === '') return null
  return <Ways proof={proof} />
}

function Ways({ proof }: { proof: Proof }) {
  const ways = useQuery(proofQuery).data
  if (!ways) return null
  const here = encodeURIComponent(window.location.pathname)
  return (
    <>
      {ways.password && (
        <PasswordInput
          label="Your password"
          description="This environment asks who approves anything to prove anew who they are."
          autoComplete="current-password"
          required
          value={proof.password}
          onChange={(event) => proof.setPassword(event.currentTarget.value)}
        />
      )}
      {!ways.password && (
        <p>This environment asks who approves anything to prove anew who they are; you come back to this page.</p>
      )}
      {ways.providers.map((way) => (
        <Button
          key={way.name}
          component="a"
          variant="default"
          href={`/api/v1/session/oidc/${encodeURIComponent(way.name)}/prove?backTo=${here}`}
        >
          Prove it at {way.title}
        </Button>
      ))}
    </>
  )
}
