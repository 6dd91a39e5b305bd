#!/bin/sh
# Makes test/fixtures/certificates: for tests on the loopback interface, trusted by nothing else, valid for a
# hundred years so that no test fails one morning. The authority's key is thrown away.
set -eu
cd "$(dirname "$0")/../test/fixtures"
mkdir -p certificates
cd certificates
rm -f -- *.pem
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1"; }

# issue NAME SUBJECT_ALTERNATIVE_NAMES
issue() {
  key "$1-key.pem"
  openssl req -new -key "$1-key.pem" -subj "/CN=kvmeter test $1" -out "$work/$1.csr"
  printf 'subjectAltName=%s\n' "$2" > "$work/$1.ext"
  openssl x509 -req -in "$work/$1.csr" -CA authority.pem -CAkey "$work/authority-key.pem" -CAcreateserial \
    -CAserial "$work/serial" -days 36500 -extfile "$work/$1.ext" -out "$1.pem"
}

key "$work/authority-key.pem"
openssl req -x509 -new -key "$work/authority-key.pem" -subj "/CN=kvmeter test authority" -days 36500 -out authority.pem
issue server "DNS:localhost,IP:127.0.0.1,IP:::1"
issue other "DNS:other.example"
issue client "DNS:client.example"
