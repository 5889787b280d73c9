/**
 * How a script that waits begins: it ends at the first mistake, and at once when it is told to stop. Process 1 of a
 * container ignores the stop signal (an image may choose INT) unless it says otherwise, and its pod would stay for the
 * whole grace period.
 */
export const waits = `set -eu
trap 'exit 143' TERM INT`;
