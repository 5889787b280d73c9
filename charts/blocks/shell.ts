/**
 * How a script that waits begins: it ends at the first mistake, and at once when it is told to stop. Process 1 of a
 * container ignores the stop signal (an image may choose INT) unless it says otherwise, and its pod would stay for the
 * whole grace period.
 */
export const waits = `set -eu
trap 'exit 143' TERM INT`;

/** A loop that runs a command whenever the certificate in /tls is another one: within a minute of its arrival. */
export const onRenewal = (command: string): string =>
  `seen=$(cat /tls/*.crt | cksum)
  while sleep 30; do
    now=$(cat /tls/*.crt | cksum)
    [ "$now" = "$seen" ] || { seen=$now; echo 'a renewed certificate has arrived'; ${command}; }
  done`;
