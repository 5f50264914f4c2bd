#!/usr/bin/env bash
# Take pictures of the mails' golden files with headless Chromium, light and dark, into docs/mails/.
#   mail_pictures.sh [mail…]           the mails in docs/mails/, or others by the names of their files
#   WIDTHS="375 1280" INTO=/tmp/mails  other widths, in pixels, and another folder
#   LOGO=picture.png                   a picture to use as the logo; without it there is none
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -z "$browser" ]; then
  echo "Chromium is missing: install it as chromium, chromium-browser or google-chrome." >&2
  exit 1
fi
[ $# -gt 0 ] || set -- diagnosed_403 diagnosed_timeout warning_certificate recovered enabled_by integration_fatal platform_error
into=${INTO:-docs/mails}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$into"
[ -z "${LOGO:-}" ] || cp "$LOGO" "$work/logo"
# shot WIDTH HEIGHT SCHEME BROWSER-OPTION…: the mail in frame.html, which is in a frame of the width that is meant, since a
# window is never narrower than 500 px.
shot() {
  local width=$1 height=$2 preferred=1
  [ "$3" = dark ] && preferred=0
  shift 3
  "$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$work/profile" \
    --blink-settings=preferredColorScheme=$preferred --window-size=$((width < 500 ? 500 : width)),"$height" "$@" "file://$work/frame.html" 2> /dev/null
}
for mail; do
  sed "s|<img class=\"logo\" src=\"[^\"]*\"|<img class=\"logo\" src=\"logo\"|" "shared/notice/testdata/$mail.html.golden" > "$work/$mail.html"
  echo "<script>onload = () => parent.postMessage(document.documentElement.scrollHeight, '*')</script>" >> "$work/$mail.html"
  for width in ${WIDTHS:-400 800}; do
    for scheme in light dark; do
      echo "<!DOCTYPE html><html style='color-scheme:$scheme'><body style='margin:0'>
        <iframe src='$mail.html' style='display:block;border:0;width:${width}px;height:100vh'></iframe>
        <script>onmessage = event => { document.title = 'height ' + event.data }</script>" > "$work/frame.html"
      height=$(shot "$width" 200 "$scheme" --virtual-time-budget=2000 --dump-dom | sed -n 's|.*<title>height \([0-9]*\).*|\1|p')
      shot "$width" "$height" "$scheme" --screenshot="$into/$mail-$width-$scheme.png" > /dev/null
      echo "$into/$mail-$width-$scheme.png"
    done
  done
done
