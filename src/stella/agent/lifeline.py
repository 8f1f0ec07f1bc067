"""A command that ends with the agent that began it, however that ends.

Its standard input is a line to the agent: where it breaks, the whole group of processes is ended. So
there is nobody left who deploys when the next agent goes on with the order; on a machine that is
reached, the same holds for the connection.
"""

SHELL = "/bin/sh"
_END_S = 2

# In: the line on standard input, the command's own input on descriptor 4, the command in "$@". The
# shell leads the group (a session of its own, or that of sshd), so that 0 is everything that it began.
# A trap that does something is not inherited: the command is ended, the shell tells how. By exec no
# word is taken for one of the shell's own, such as eval.
HELD = f"""
exec 3<&0
trap : TERM
( trap '' TERM
  read -r _
  kill -TERM 0
  sleep {_END_S}
  kill -KILL 0
) <&3 3<&- 4<&- >/dev/null 2>&1 &
line=$!
( exec "$@" <&4 3<&- 4<&- )
status=$?
exec 2>/dev/null
kill -KILL "$line"
exit "$status"
"""
