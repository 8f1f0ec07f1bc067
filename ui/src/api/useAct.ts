import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRef } from 'react'
import { newKey } from './client'
import { problemFrom } from './refused'
import type { Problem } from './types'

const RETRIES = 2

interface Act<Input> {
  run: (input: Input) => void
  busy: boolean
  problem: Problem | undefined
  reset: () => void
}

/**
 * Something a person asks for, done once: `call` gets a key that stays the same until it was answered,
 * so that pressing twice, or again after a lost answer, counts once. Everything on screen is fetched anew after it.
 */
export function useAct<Input, Output>(
  call: (input: Input, headers: { 'Idempotency-Key': string }) => Promise<Output>,
  onDone: (output: Output) => void,
): Act<Input> {
  const client = useQueryClient()
  const key = useRef<string>(undefined)
  const mutation = useMutation({
    mutationFn: (input: Input) => {
      key.current ??= newKey()
      return call(input, { 'Idempotency-Key': key.current })
    },
    // Only where no answer came; the key keeps it one intention.
    retry: (failures, error) => failures < RETRIES && problemFrom(error).status === 0,
    onSuccess: async (output) => {
      key.current = undefined
      onDone(output)
      await client.invalidateQueries()
    },
    onError: (error) => {
      // Refused for good: the next try is a new intention. A lost answer keeps its key.
      if (problemFrom(error).status !== 0) key.current = undefined
    },
  })
  return {
    run: (input) => mutation.mutate(input),
    busy: mutation.isPending,
    problem: mutation.error ? problemFrom(mutation.error) : undefined,
    reset: mutation.reset,
  }
}
