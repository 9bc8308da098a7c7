# Runs a PostgreSQL server with a cluster of its own, until standard input ends: then the
# test program has ended, however it did. Each line there starts the server (again).
#
#     sh -c '…' server PROGRAMS PORT CERTIFICATE KEY
#
# Without a certificate, there is no TLS. Prints the server's process id at each start.
set -eu
programs=$1 port=$2 certificate=$3 key=$4
folder=$(mktemp -d)
pid=
as=
if [ "$(id -u)" -eq 0 ]; then
    # PostgreSQL refuses root.
    chown postgres "$folder"
    as="setpriv --reuid=postgres --regid=postgres --init-groups"
fi
end() {
    [ -z "$pid" ] || kill -CONT "$pid" $(pgrep -P "$pid") 2>/dev/null || true
    [ -z "$pid" ] || kill -QUIT "$pid" 2>/dev/null || true
    wait
    rm -rf "$folder"
}
trap end EXIT
cd "$folder"
$as "$programs/initdb" -D data -U postgres --auth=trust --encoding=UTF8 --locale=C --no-sync >log
tls=
if [ -n "$certificate" ]; then
    cp "$certificate" server.pem
    cp "$key" server.key
    [ -z "$as" ] || chown postgres server.pem server.key
    chmod 600 server.key
    tls="-c ssl=on -c ssl_cert_file=$folder/server.pem -c ssl_key_file=$folder/server.key"
fi
while read -r _; do
    # What was written outlives a kill of the server all the same.
    $as "$programs/postgres" -D data -p "$port" -c listen_addresses=127.0.0.1 \
        -c unix_socket_directories="$folder" -c fsync=off -c max_connections=300 $tls \
        >>log 2>&1 &
    pid=$!
    echo "$pid"
done
