#!/bin/sh
# banjun-push: 没有 Python 的网关（OpenWrt 等）用它测量并上报。说明：docs/openwrt.md
# Measures and reports for a gateway without Python, such as OpenWrt. It needs a POSIX shell, the
# tools of busybox, and curl. It speaks docs/wire.md in JSON and opens no port.
#
# What it keeps, and where:
#   $BANJUN_STATE (/etc/banjun)   identity: a curl configuration with the key, mode 0600; push.conf;
#                                 ca.pem. Written by enrolment only, so flash is not worn.
#   $BANJUN_SPOOL (/tmp/banjun)   session, counters, and the batches that are not acknowledged yet.
#                                 In memory on OpenWrt: what waits there is lost with the power.
set -u
umask 077
export LC_ALL=C # numbers have a point, whatever the language of the machine

VERSION='banjun-push 1'
STATE=${BANJUN_STATE:-/etc/banjun}
SPOOL=${BANJUN_SPOOL:-/tmp/banjun}

# Settings; push.conf may set them. NAME=HOST and NAME=HOST:PORT, several with spaces between.
WAN=''    # interfaces; empty = that of the default route
PING=''   # besides the collector, such as 'isp=192.0.2.1'
TCP=''    # besides the collector, such as 'platform=www.example.edu.cn:443'
ECHOES=4  # of one ping
SHAKES=3  # handshakes with one port
KEEP=720  # batches kept while the collector does not answer: twelve hours of minutes, about 3 MB

# --- Words and small things ---------------------------------------------------------------------

say() {
    if [ -t 2 ] || [ -n "${BANJUN_STDERR:-}" ]; then printf '%s\n' "$*" >&2; else logger -t banjun-push "$*"; fi
}

fail() {
    printf '%s\n' "$*" >&2
    exit 2
}

# A JSON string. Control characters have no meaning in a name, and are left out.
quoted() {
    printf '"%s"' "$(printf '%s' "$1" | tr -d '\000-\037\177' | sed 's/[\\"]/\\&/g')"
}

# The text of a key in JSON on stdin, as it stands there; of the first one if there are several.
text_of() {
    tr -d '\n' | sed -n 's/.*[{,] *"'"$1"'" *: *"\([^"]*\)".*/\1/p'
}

# stdin becomes the file as a whole or not at all; fails on a full disk.
put() {
    if cat >"$1.new" 2>/dev/null && mv -f "$1.new" "$1"; then return 0; fi
    rm -f "$1.new"
    return 1
}

# The first line of a file, or $2.
kept() {
    line=''
    [ ! -r "$1" ] || read -r line <"$1" || :
    printf '%s' "${line:-$2}"
}

random() { cat /proc/sys/kernel/random/uuid; }

# 0 to $1 - 1
chance() { echo $((0x$(random | cut -c 1-6) % $1)); }

# Sets UP: the clock of this boot in ms. The kernel writes two digits behind the point.
read_up() {
    read -r UP _ </proc/uptime
    UP="${UP%.*}${UP#*.}0"
}

# --- Enrolment ------------------------------------------------------------------------------------

enrol() {
    replace='' ca='' string=''
    while [ $# -gt 0 ]; do
        case $1 in
            --replace) replace=yes ;;
            --ca) ca=${2:-} && [ $# -gt 1 ] && shift ;;
            *) string=$1 ;;
        esac
        shift
    done
    [ -n "$string" ] || fail "用法 usage: banjun-push.sh enrol [--ca ca.pem] [--replace] '注册串 STRING'   (- = stdin)"
    [ "$string" != - ] || read -r string
    [ ! -e "$STATE/identity" ] || [ -n "$replace" ] ||
        fail "本机已注册，身份在 $STATE/identity；要换新身份请加 --replace。 This machine is enrolled; add --replace for a new identity."
    read_string "$string"
    mkdir -p "$STATE" "$SPOOL" || exit 2
    trust "$ca"
    request_identity
}

# Sets URL, TOKEN, SECRET and PIN.
read_string() {
    whole=$(printf '%s' "$1" | tr -d ' \t\r\n')
    middle=${whole#enr1.} && middle=${middle%.*}
    [ "enr1.$middle.${whole##*.}" = "$whole" ] || damaged
    sum=$(crc "$middle")
    [ -z "$sum" ] || [ "$sum" = "$(printf '%s' "${whole##*.}" | tr A-F a-f)" ] || damaged
    inside=$(unbase64 "$middle") || damaged
    case $inside in *\\*) damaged ;; esac # ours holds no escapes
    URL=$(printf '%s' "$inside" | text_of u) && URL=${URL%/}
    TOKEN=$(printf '%s' "$inside" | text_of t)
    SECRET=$(printf '%s' "$inside" | text_of s)
    PIN=$(printf '%s' "$inside" | text_of p)
    if [ -z "$URL" ] || [ -z "$TOKEN" ] || [ -z "$SECRET" ]; then damaged; fi
    case $URL in
        https://*) ;;
        http://*) is_loopback "$URL" || fail "采集器地址 $URL 须为 https，否则密钥会以明文传输。 The address must be https; the key would travel in clear text." ;;
        *) damaged ;;
    esac
    case $URL in *[!A-Za-z0-9:/._%~@\[\]-]*) damaged ;; esac
}

damaged() {
    fail "这不是完整的注册串，请从采集器的 token create 输出中重新完整复制。 This is not a whole enrolment string; copy it again, all of it, from what \`token create\` printed."
}

is_loopback() {
    name=${1#http://} && name=${name%%/*} && name=${name%:*}
    case $name in
        localhost | '[::1]') return 0 ;;
        127.*) case $name in *[!0-9.]*) return 1 ;; esac ;;
        *) return 1 ;;
    esac
}

# CRC-32 in hexadecimal, from the end of a gzip file, where it stands with the low byte first.
# Empty if this machine lacks the tools; then a damaged string is refused by the collector.
crc() {
    command -v gzip >/dev/null || return 0
    if command -v hexdump >/dev/null; then
        bytes=$(printf '%s' "$1" | gzip -c | tail -c 8 | hexdump -v -e '1/1 "%02x "')
    elif command -v od >/dev/null; then
        bytes=$(printf '%s' "$1" | gzip -c | tail -c 8 | od -A n -v -t x1)
    else
        return 0
    fi
    # shellcheck disable=SC2086  # one word a byte
    set -- $bytes
    echo "$4$3$2$1"
}

# base64url of ASCII; OpenWrt's busybox has no base64.
unbase64() {
    awk -v text="$1" 'BEGIN {
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        size = 1
        for (i = 1; i <= length(text); i++) {
            value = index(letters, substr(text, i, 1)) - 1
            if (value < 0) exit 1
            # `size` is 2 to the number of bits at hand: a small busybox cannot raise to a power.
            bits = bits * 64 + value; size *= 64
            if (size >= 256) {
                size /= 256; byte = int(bits / size); bits -= byte * size
                if (byte < 32 || byte > 126) exit 1
                printf "%c", byte
            }
        }
    }'
}

# Sets TRUST: the line of curl's configuration that says whose certificates are the collector's; it
# is kept with the identity. With a pin only the authority that has this pin will do, wherever its
# certificate comes from: the file that was named, or what the collector shows. Nothing secret has
# been said until then.
trust() {
    TRUST=''
    [ -n "$1$PIN" ] || return 0
    [ -z "$1" ] || [ -r "$1" ] || fail "没有证书文件 $1。 There is no file $1."
    if [ -n "$1" ]; then
        cat "$1" >"$SPOOL/shown" || exit 2
    else
        curl -q -sk --noproxy '*' --connect-timeout 10 --max-time 20 -I -o /dev/null -w '%{certs}' "$URL/" \
            >"$SPOOL/shown" 2>/dev/null
    fi
    if [ -n "$PIN" ]; then
        pinned "$SPOOL/shown" "$PIN" >"$SPOOL/authority"
        [ -s "$SPOOL/authority" ] || fail "${1:-$URL} 没有给出注册串所指的证书机构：可能有上网过滤设备截获，或本机的 curl 不能显示证书链；请拷来采集器的证书机构文件，再加 --ca 文件。 No certificate of the authority that the string pins: a filter may stand in between, or this curl cannot show the chain; then bring the collector's authority here and add --ca FILE."
    else
        cat "$SPOOL/shown" >"$SPOOL/authority"
    fi
    put "$STATE/ca.pem" <"$SPOOL/authority" || exit 2
    rm -f "$SPOOL/shown" "$SPOOL/authority"
    TRUST="cacert = \"$STATE/ca.pem\""
}

# pinned FILE PIN: of the certificates in FILE the one whose public key has the SHA-256 PIN.
pinned() {
    number=0
    public_keys "$1" | while read -r key; do
        number=$((number + 1))
        sum=$(printf '%b' "$key" | sha256sum)
        [ "${sum%% *}" = "$2" ] || continue
        awk -v wanted="$number" '/-----BEGIN CERTIFICATE-----/ { n++; inside = 1 }
            inside && n == wanted { print }
            /-----END CERTIFICATE-----/ { inside = 0 }' "$1"
        break
    done
}

# The public key (SubjectPublicKeyInfo) of each certificate in a PEM file, as escapes for printf.
public_keys() {
    awk '
        function enter(at) { # sets `head` and `size` of the DER element there
            size = byte[at + 1]; head = 2
            if (size < 128) return
            head = size - 126; size = 0
            for (k = 2; k < head; k++) size = size * 256 + byte[at + k]
        }
        function show(at, k) {
            enter(0); at = head; enter(at); at += head  # the certificate, and what is signed of it
            if (byte[at] == 160) { enter(at); at += head + size }  # version
            for (k = 0; k < 5; k++) { enter(at); at += head + size }  # serial ... subject
            enter(at)
            if (byte[at] != 48 || at + head + size > many) return
            for (k = at; k < at + head + size; k++) printf "\\0%03o", byte[k]
            print ""
        }
        BEGIN { letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" }
        /-----BEGIN CERTIFICATE-----/ { inside = 1; many = 0; bits = 0; room = 1; next }
        /-----END CERTIFICATE-----/ { if (inside) show(); inside = 0; next }
        inside {
            for (i = 1; i <= length($0); i++) {
                value = index(letters, substr($0, i, 1)) - 1
                if (value < 0) continue
                bits = bits * 64 + value; room *= 64
                if (room >= 256) {
                    room /= 256; byte[many++] = int(bits / room); bits -= byte[many - 1] * room
                }
            }
        }' "$1"
}

request_identity() {
    # The nonce is on the disk before the request: if the answer is lost, the same string gets the
    # same identity again.
    nonce=$(kept "$STATE/nonce" '')
    case $nonce in
        "$TOKEN "*) nonce=${nonce#* } ;;
        *)
            nonce=$(random)
            printf '%s %s\n' "$TOKEN" "$nonce" | put "$STATE/nonce" || exit 2
            ;;
    esac
    { printf '%s\n' "$TRUST"; } | put "$SPOOL/enrol.curl" || exit 2
    status=$(printf '{"v":1,"token":%s,"nonce":"%s","hostname":%s,"system":%s,"version":"%s"}' \
        "$(quoted "$TOKEN.$SECRET")" "$nonce" "$(quoted "$(uname -n)")" "$(quoted "$(system)")" "$VERSION" |
        call "$SPOOL/enrol.curl" "$URL/v1/enrol")
    rm -f "$SPOOL/enrol.curl"
    [ "$status" = 200 ] || refused "$status"
    agent=$(text_of agent <"$SPOOL/answer")
    key=$(text_of key <"$SPOOL/answer")
    school=$(text_of school <"$SPOOL/answer")
    name=$(text_of school_name <"$SPOOL/answer")
    rm -f "$SPOOL/answer"
    case $agent$key in '' | *[!0-9A-Za-z_-]*) refused "$status" ;; esac
    if [ -z "$agent" ] || [ -z "$key" ] || [ -z "$school" ]; then refused "$status"; fi
    rm -rf "$SPOOL/queue" "$SPOOL/session" "$SPOOL/seq" # of an identity that is replaced
    {
        printf '# url=%s\n# agent=%s\n# school=%s\n' "$URL" "$agent" "$school"
        printf 'header = "Authorization: Bearer %s.%s"\n%s\n' "$agent" "$key" "$TRUST"
    } | put "$STATE/identity" || exit 2
    rm -f "$STATE/nonce"
    echo "已注册：$name（$school），代理 $agent。 Enrolled as agent $agent of $name ($school)."
}

refused() {
    case $1 in
        401) fail "采集器不接受此注册串：可能已过期、已撤销或次数已用完。 The collector does not accept this string: it may have expired, been revoked or used up." ;;
        000) fail "没有得到采集器的应答。 No answer: $(kept "$SPOOL/why" '?')" ;;
        *) fail "注册未成功（HTTP $1）。 Not enrolled (HTTP $1): $(head -c 300 "$SPOOL/answer" 2>/dev/null)" ;;
    esac
}

system() {
    name=$(sed -n 's/^DISTRIB_DESCRIPTION=//p' /etc/openwrt_release 2>/dev/null | tr -d "'\"")
    echo "${name:-$(uname -s) $(uname -r)}"
}

# --- Measuring ------------------------------------------------------------------------------------

# reading PROBE TARGET OUTCOME REASON LABELS VALUES: one more for the batch.
reading() {
    at=$(date +%s)000
    read_up
    READINGS="$READINGS${READINGS:+,}{\"probe\":\"$1\",\"target\":$(quoted "$2"),\"at\":$at,\"up\":$UP,\"outcome\":\"$3\",\"reason\":\"$4\",\"labels\":{$5},\"values\":{$6}}"
    COUNT=$((COUNT + 1))
}

measure() {
    READINGS='' COUNT=0
    read_up
    reading uptime local ok '' '' "\"uptime_seconds\":${UP%???}"
    interfaces
    collector=${URL#*://} && collector=${collector%%/*}
    bare=${collector%:*}
    case $collector in *']') bare=$collector ;; esac
    ping_target collector "$(printf '%s' "$bare" | tr -d '[]')"
    tcp_target collector "$URL/"
    for entry in $PING; do ping_target "${entry%%=*}" "${entry#*=}"; done
    for entry in $TCP; do
        case $entry in *:443) scheme=https ;; *) scheme=http ;; esac
        tcp_target "${entry%%=*}" "$scheme://${entry#*=}/"
    done
}

# The interfaces that lead out. A line that is down has no route: then the last one known.
wan() {
    if [ -n "$WAN" ]; then
        echo "$WAN"
        return
    fi
    found=$(awk '$2 == "00000000" && $8 == "00000000" && (name == "" || $7 + 0 < least) { name = $1; least = $7 + 0 }
        END { print name }' /proc/net/route 2>/dev/null)
    [ -z "$found" ] || echo "$found" | put "$SPOOL/wan"
    echo "${found:-$(kept "$SPOOL/wan" '')}"
}

interfaces() {
    seen=''
    for interface in $(wan); do
        [ -d "/sys/class/net/$interface" ] || continue
        seen=yes
        values=$(link "$interface")$(rates "$interface")
        [ -z "$values" ] || reading interface_rate local ok '' "\"interface\":$(quoted "$interface")" "${values#,}"
    done
    [ -n "$seen" ] || reading interface_rate local not_run no_source '"interface":""' ''
}

link() {
    folder=/sys/class/net/$1
    carrier=$(cat "$folder/carrier" 2>/dev/null)
    # The kernel refuses to tell the carrier of an interface that is switched off.
    [ -n "$carrier" ] || [ $(($(kept "$folder/flags" 1) & 1)) -eq 1 ] || carrier=0
    case $carrier in 0 | 1) printf ',"link_up":%s' "$carrier" ;; esac
    speed=$(cat "$folder/speed" 2>/dev/null)
    case $speed in '' | 0 | 65535 | 4294967295 | *[!0-9]*) ;; *) printf ',"link_speed_bits_per_second":%s000000' "$speed" ;; esac
}

# Mean rates since the last run of this boot; nothing if a counter went back, as after a reset.
rates() {
    boot=$(kept /proc/sys/kernel/random/boot_id '')
    now=$(awk -v name="$1" 'FILENAME ~ /uptime/ { up = $1; next }
        { sub(/^ +/, ""); colon = index($0, ":") }
        substr($0, 1, colon - 1) == name {
            split(substr($0, colon + 1), c, " ")
            printf "%s %s %s %.0f %.0f\n", up, c[1], c[9], c[4] + c[12], c[3] + c[11]
        }' /proc/uptime /proc/net/dev)
    [ -n "$now" ] || return
    before=$(kept "$SPOOL/counters.$1" '')
    echo "$boot $now" | put "$SPOOL/counters.$1"
    echo "$before $boot $now" | awk 'NF == 12 && $1 == $7 {
        seconds = $8 - $2; received = $9 - $3; sent = $10 - $4; dropped = $11 - $5; faulty = $12 - $6
        if (seconds <= 0 || received < 0 || sent < 0 || dropped < 0 || faulty < 0) exit
        if ((received + sent) * 8 / seconds > 1e13) exit
        printf ",\"received_bits_per_second\":%.0f,\"sent_bits_per_second\":%.0f", received * 8 / seconds, sent * 8 / seconds
        printf ",\"dropped_packets_count\":%.0f,\"faulty_packets_count\":%.0f", dropped, faulty
    }'
}

ping_target() {
    found=$(ping -c "$ECHOES" -W 2 "$2" 2>&1 | awk '
        /bytes from .*seq=[0-9]+ .*time=[0-9.]+ ms/ {
            number = $0; sub(/.*seq=/, "", number); number += 0
            time = $0; sub(/.*time=/, "", time); time = time / 1000
            if (number in at) next
            at[number] = time; n++
            for (i = n; i > 1 && sorted[i - 1] > time; i--) sorted[i] = sorted[i - 1]
            sorted[i] = time
        }
        /packets transmitted/ { sent = $1 + 0 }
        /bad address|not known|resolv|name resolution/ { why = "unresolved" }
        /[Nn]etwork.*unreachable/ { why = "no_route" }
        /ermission denied|not permitted/ { why = "no_icmp" }
        /Host.* [Uu]nreachable/ { unreachable = 1 }
        END {
            if (!sent || n > sent) { print "not_run", (why == "" ? "unreadable" : why), ""; exit }
            lost = sprintf("\"loss_ratio\":%.3f", 1 - n / sent)
            if (!n) { print "failed", (unreachable ? "unreachable" : "no_reply"), "\"reachable\":0," lost; exit }
            middle = (sorted[int((n + 1) / 2)] + sorted[int(n / 2) + 1]) / 2
            printf "ok - \"reachable\":1,%s,\"rtt_seconds_min\":%.6f,\"rtt_seconds_median\":%.6f,\"rtt_seconds_max\":%.6f", lost, sorted[1], middle, sorted[n]
            for (i in at) if (i - 1 in at) { step = at[i] - at[i - 1]; sum += step < 0 ? -step : step; steps++ }
            if (steps) printf ",\"delay_variation_seconds_mean\":%.6f", sum / steps
            print ""
        }')
    # shellcheck disable=SC2086  # three words
    set -- "$1" $found
    [ "$2" = not_run ] && method='' || method=ping
    reading icmp_echo "$1" "$2" "${3#-}" "\"method\":\"$method\"" "${4:-}"
}

# Handshakes as curl times them. HEAD, because curl cannot connect and leave; what comes after the
# handshake is of no interest, and nothing secret is said.
tcp_target() {
    found=$(
        n=0
        while [ $n -lt "$SHAKES" ]; do
            curl -q -sIv --noproxy '*' -o /dev/null --connect-timeout 2 --max-time 4 \
                -w '\n= %{time_namelookup} %{time_connect}\n' "$2" 2>&1
            echo "exit $?"
            n=$((n + 1))
        done | awk '
            /^= / { time = $3 - $2; connected = $3 > 0; next }
            /[Nn]etwork.*unreachable/ { why = "no_route" }
            /refused/ { why = "refused" }
            /[Hh]ost is unreachable|No route to host/ { why = "unreachable" }
            /^exit / {
                tries++
                if (connected) {
                    n++
                    for (i = n; i > 1 && sorted[i - 1] > time; i--) sorted[i] = sorted[i - 1]
                    sorted[i] = time
                } else {
                    if ($2 == 6 || $2 == 3) why = "unresolved"
                    last = why == "" ? "no_answer" : why
                    if (last != "refused") missing++
                }
                why = ""; connected = 0
            }
            END {
                if (!n && (last == "no_route" || last == "unresolved")) { print "not_run", last, ""; exit }
                lost = sprintf("\"loss_ratio\":%.3f", missing / tries)
                if (!n) { print "failed", last, "\"reachable\":0," lost; exit }
                middle = (sorted[int((n + 1) / 2)] + sorted[int(n / 2) + 1]) / 2
                printf "ok - \"reachable\":1,%s,\"handshake_seconds_min\":%.6f,\"handshake_seconds_median\":%.6f\n", lost, sorted[1], middle
            }'
    )
    # shellcheck disable=SC2086  # three words
    set -- "$1" $found
    reading tcp_connect "$1" "$2" "${3#-}" '' "${4:-}"
}

# --- Spool ----------------------------------------------------------------------------------------
# A batch is a file SEQ-COUNT-WALL-SESSION.json that never changes. Its number is used up before it
# is written, so that no two batches of a session ever have the same.

batches() {
    for file in "$SPOOL"/queue/*.json; do [ ! -e "$file" ] || printf '%s\n' "$file"; done
}

seal() {
    mkdir -p "$SPOOL/queue"
    session=$(kept "$SPOOL/session" '')
    seq=$(kept "$SPOOL/seq" '')
    case $session in '') seq='' ;; esac
    case $seq in
        '' | *[!0-9]*)
            session=$(random) && seq=0
            echo "$session" | put "$SPOOL/session" || return 1
            ;;
    esac
    echo $((seq + 1)) | put "$SPOOL/seq" || return 1
    printf '{"session":"%s","seq":%s,"boot":"%s","readings":[%s]}' "$session" "$seq" \
        "$(kept /proc/sys/kernel/random/boot_id '')" "$READINGS" |
        put "$SPOOL/queue/$(printf '%010d' "$seq")-$COUNT-$(date +%s)000-$session.json"
}

trim() {
    many=$(batches | wc -l)
    batches | while [ "$many" -gt "$KEEP" ] && read -r file; do
        lose "$file"
        many=$((many - 1))
    done
}

# What is thrown away is told: an open gap grows until it is sent; from then on it never changes.
lose() {
    name=${1##*/}
    rest=${name#*-} && count=${rest%%-*} && rest=${rest#*-} && at=${rest%%-*}
    # shellcheck disable=SC2046  # four words
    set -- "$1" $(kept "$SPOOL/gap" "$(random) $at $at 0")
    echo "$2 $3 $at $(($5 + count))" | put "$SPOOL/gap"
    echo $(($(kept "$SPOOL/lost" 0) + count)) | put "$SPOOL/lost"
    rm -f "$1"
}

# --- Delivery -------------------------------------------------------------------------------------

# call CONFIG URL: posts stdin as JSON; prints the status, 000 without an answer.
call() {
    rm -f "$SPOOL/answer" "$SPOOL/headers"
    code=$(curl -q -sS -K "$1" --noproxy '*' --proto '=http,https' --connect-timeout 10 --max-time 30 \
        --max-filesize 262144 -o "$SPOOL/answer" -D "$SPOOL/headers" -w '%{http_code}' \
        -H 'Content-Type: application/json' -H 'Expect:' -A "$VERSION" \
        --data-binary @- "$2" 2>"$SPOOL/why") || code=000
    printf '%s' "$code"
}

# push_body FILES GAP: the files' batches, and the gap if there is one ("id since until count").
push_body() {
    read_up
    waiting=$(batches | awk -F/ '{ split($NF, part, "-"); sum += part[2] } END { printf "%d", sum }')
    printf '{"v":1,"school":%s,"session":"%s","wall":%s000,"boot":"%s","up":%s,"echo":%s' \
        "$(quoted "$SCHOOL")" "$(kept "$SPOOL/session" '')" "$(date +%s)" \
        "$(kept /proc/sys/kernel/random/boot_id '')" "$UP" "$(quoted "$(kept "$SPOOL/nonce" '')")"
    printf ',"state":{"version":"%s","platform":%s,"spool_readings":%s,"lost_readings":%s}' \
        "$VERSION" "$(quoted "$(system)")" "$waiting" "$(kept "$SPOOL/lost" 0)"
    # shellcheck disable=SC2086  # four words
    set -- "$1" $2
    [ $# -eq 1 ] || printf ',"gaps":[{"id":"%s","since":%s,"until":%s,"count":%s,"reason":"spool_full"}]' "$2" "$3" "$4" "$5"
    printf ',"batches":['
    comma=''
    printf '%s\n' "$1" | while read -r file; do
        [ -n "$file" ] || continue
        printf '%s' "$comma"
        cat "$file"
        comma=,
    done
    printf ']}'
}

deliver() {
    most=16 turns=0
    while [ $turns -lt 60 ]; do
        turns=$((turns + 1))
        [ "$most" -gt 0 ] || break # the collector wants no more for now
        files=$(batches | head -n "$most") gap=''
        if [ -z "$files" ]; then
            [ -e "$SPOOL/gap.sent" ] || [ ! -e "$SPOOL/gap" ] || mv "$SPOOL/gap" "$SPOOL/gap.sent"
            gap=$(kept "$SPOOL/gap.sent" '')
            [ -n "$gap" ] || break
        fi
        status=$(push_body "$files" "$gap" | call "$STATE/identity" "$URL/v1/push")
        case $status in
            200) settle "$files" "$gap" || return 1 ;;
            400 | 413 | 422)
                [ -n "$files" ] || return 1
                # One of them is to blame; alone it shows which.
                if [ "$most" -eq 1 ]; then bury "$files" "HTTP $status"; else most=1; fi
                ;;
            *)
                put_off "$status"
                return 1
                ;;
        esac
    done
    rm -f "$SPOOL/failures" "$SPOOL/not-before"
    date +%s | put "$SPOOL/delivered"
}

# settle FILES GAP: acts on an answer; fails if it is none, as that of a captive portal.
settle() {
    answer=$(tr -d '\n' <"$SPOOL/answer" | tr '{' '\n') # one object a line
    if ! printf '%s' "$answer" | grep -q '"v" *: *1,' || ! printf '%s' "$answer" | grep -q '"nonce" *: *"'; then
        put_off 'no answer of a collector'
        return 1
    fi
    text_of nonce <"$SPOOL/answer" | put "$SPOOL/nonce"
    done=$(printf '%s\n' "$answer" | awk '
        function part(name, form, text) {
            text = $0
            if (!sub(".*\"" name "\" *: *\"?", "", text)) return ""
            match(text, form)
            return substr(text, 1, RLENGTH)
        }
        /"result"/ && /"seq"/ { printf "%010d %s %s\n", part("seq", "^[0-9]+"), part("session", "^[0-9A-Za-z._-]+"), part("result", "^[a-z]+") }')
    printf '%s\n' "$done" | while read -r seq session result; do
        [ -n "$seq" ] || continue
        for file in "$SPOOL"/queue/"$seq"-*-"$session".json; do
            case $result in
                stored | duplicate) rm -f "$file" ;;
                rejected) bury "$file" "$(text_of why_zh <"$SPOOL/answer") $(text_of why <"$SPOOL/answer")" ;;
            esac
        done
    done
    if [ -n "$2" ]; then
        printf '%s' "$answer" | grep '"gaps"' | grep -q "\"${2%% *}\"" || return 1
        rm -f "$SPOOL/gap.sent"
    fi
    credit=$(printf '%s' "$answer" | sed -n 's/.*"credit" *: *\([0-9]*\).*/\1/p')
    case $credit in
        0) most=0 ;;
        [1-9] | 1[0-6]) [ "$most" -le "$credit" ] || most=$credit ;;
    esac
    # What was sent and not named stays, and is sent again at the next run.
    [ -z "$1" ] || [ "$(batches | head -n 1)" != "$(printf '%s\n' "$1" | head -n 1)" ]
}

# A batch that the collector will never take. The last few stay, for a person to look at.
bury() {
    mkdir -p "$SPOOL/dead"
    say "批次被拒 batch refused: ${1##*/}: $2"
    mv -f "$1" "$SPOOL/dead/" 2>/dev/null
    find "$SPOOL/dead" -type f | sort -r | tail -n +9 | while read -r old; do rm -f "$old"; done
}

put_off() {
    failures=$(($(kept "$SPOOL/failures" 0) + 1))
    case $1 in
        401 | 403 | 426) wait=3600 ;; # a person must act
        *)
            wait=300
            [ "$failures" -ge 5 ] || wait=$((15 << failures))
            ;;
    esac
    wait=$((wait / 2 + $(chance $((wait / 2)))))
    asked=$(sed -n 's/^[Rr]etry-[Aa]fter: *\([0-9]\{1,5\}\)[^0-9]*$/\1/p' "$SPOOL/headers" 2>/dev/null | tail -n 1)
    [ "${asked:-0}" -le "$wait" ] || wait=$asked
    [ "$wait" -le 3600 ] || wait=3600
    read_up
    echo "$failures" | put "$SPOOL/failures"
    echo "$((${UP%???} + wait)) $(kept /proc/sys/kernel/random/boot_id '')" | put "$SPOOL/not-before"
    say "没有送达，读数留在 $SPOOL not delivered, kept; status $1 $(kept "$SPOOL/why" '')"
}

is_put_off() {
    # shellcheck disable=SC2046  # two words
    set -- $(kept "$SPOOL/not-before" '')
    read_up
    [ $# -eq 2 ] && [ "$2" = "$(kept /proc/sys/kernel/random/boot_id '')" ] && [ "$1" -gt "${UP%???}" ]
}

# --- Running --------------------------------------------------------------------------------------

load() {
    [ -r "$STATE/identity" ] || fail "本机尚未注册：banjun-push.sh enrol '注册串'。 Not enrolled: banjun-push.sh enrol 'STRING'."
    URL=$(sed -n 's/^# url=//p' "$STATE/identity")
    AGENT=$(sed -n 's/^# agent=//p' "$STATE/identity")
    SCHOOL=$(sed -n 's/^# school=//p' "$STATE/identity")
    # shellcheck disable=SC1091  # the owner's own settings
    [ ! -r "$STATE/push.conf" ] || . "$STATE/push.conf"
    [ -d "$SPOOL" ] || mkdir -p "$SPOOL" || exit 2
    # A stranger's folder in /tmp is no spool.
    # shellcheck disable=SC3067  # busybox and dash know -O
    if [ ! -O "$SPOOL" ] || [ -L "$SPOOL" ]; then fail "$SPOOL 属于别人。 $SPOOL belongs to somebody else."; fi
}

# One run at a time. A lock whose process is gone, as after a power cut with a lasting spool, is none.
lock() {
    if ! mkdir "$SPOOL/lock" 2>/dev/null; then
        grep -q banjun-push "/proc/$(kept "$SPOOL/lock/pid" 0)/cmdline" 2>/dev/null && return 1
        mv "$SPOOL/lock" "$SPOOL/lock.$$" 2>/dev/null && rm -rf "$SPOOL/lock.$$"
        mkdir "$SPOOL/lock" 2>/dev/null || return 1
    fi
    echo $$ >"$SPOOL/lock/pid"
    trap 'rm -rf "$SPOOL/lock"' EXIT
    trap 'exit 1' INT TERM HUP
}

run() {
    load
    # Every school's cron fires at the full minute; each agent has a second of its own.
    [ "$1" = push ] || sleep "$((1$(printf '%s' "$AGENT" | tr -cd 0-9 | cut -c 1-5) % 40))"
    lock || {
        say "上一次还在运行 the last run goes on"
        exit 1
    }
    measure
    while ! seal; do
        # A full disk: the oldest makes room, and its loss is told.
        oldest=$(batches | head -n 1)
        [ -n "$oldest" ] || fail "无法写入 $SPOOL。 Cannot write to $SPOOL."
        lose "$oldest"
    done
    trim
    [ "$1" = push ] || ! is_put_off || exit 0
    deliver
}

show_status() {
    load
    echo "采集器 collector     $URL"
    echo "学校 school          $SCHOOL"
    echo "代理 agent           $AGENT"
    echo "待送批次 waiting     $(batches | wc -l)"
    at=$(kept "$SPOOL/delivered" '')
    [ -z "$at" ] || at="$(($(date +%s) - at)) 秒前 seconds ago"
    echo "最近送达 delivered   ${at:-还没有 not yet}"
    echo "丢失读数 lost        $(kept "$SPOOL/lost" 0)"
    [ ! -e "$SPOOL/failures" ] || echo "连续失败 failures    $(kept "$SPOOL/failures" 0)：$(kept "$SPOOL/why" '')"
    [ ! -e "$SPOOL/failures" ]
}

usage() {
    cat <<END
$VERSION
  banjun-push.sh enrol [--ca ca.pem] '注册串'  用注册串加入学校；- 从标准输入读取  join a school; - reads stdin
  banjun-push.sh push                         立即测量并送出                      measure and deliver now
  banjun-push.sh cron                         同上，供 cron 每分钟调用            the same, for cron, each minute
  banjun-push.sh status                       是否送达                            is it delivered?
设置 settings: $STATE/push.conf   说明 manual: docs/openwrt.md
END
}

command=${1:-help}
[ $# -eq 0 ] || shift
case $command in
    enrol) enrol "$@" ;;
    push | cron) run "$command" ;;
    status) show_status ;;
    help | -h | --help) usage ;;
    *) usage >&2 && exit 2 ;;
esac
