# Serves with pgBackRest, and takes a renewed certificate without a restart: Kubernetes changes the files, nobody else
# tells the server.
set -u
fingerprint() { cat /tls/tls.crt /tls/tls.key /tls/ca.crt | cksum; }
stop() { kill -TERM "$server" 2> /dev/null; }

served=$(fingerprint)
pgbackrest server &
server=$!
trap stop TERM INT
while kill -0 "$server" 2> /dev/null; do
  sleep 30 > /dev/null 2>&1 &
  wait -n "$server" $!
  now=$(fingerprint)
  [ "$now" = "$served" ] || { served=$now; kill -HUP "$server" && echo 'serving with the renewed certificate'; }
done
wait "$server"
