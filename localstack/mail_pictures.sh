#!/usr/bin/env bash
# Take pictures of the mails' golden files with headless Chromium, light and dark, into docs/mails/.
#   mail_pictures.sh [mail…]           the mails that are shown there, or others by the names of their files
#   WIDTHS="400 800" INTO=/tmp/mails   other widths, in pixels, and another folder
#   LOGO=picture.png                   a picture in the place of the logo, which is off otherwise
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -z "$browser" ]; then
  echo "Chromium is missing: install it as chromium, chromium-browser or google-chrome." >&2
  exit 1
fi
[ $# -gt 0 ] || set -- disabled_error disabled_timeout enabled integration_fatal platform_error
into=${INTO:-docs/mails}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$into"
[ -z "${LOGO:-}" ] || cp "$LOGO" "$work/logo"
for mail; do
  sed "s|<img class=\"logo\" src=\"[^\"]*\"|<img class=\"logo\" src=\"logo\"|" "shared/notice/testdata/$mail.html.golden" > "$work/$mail.html"
  for width in ${WIDTHS:-375 1280}; do
    for scheme in light dark; do
      preferred=1
      [ "$scheme" = dark ] && preferred=0
      # A window is never narrower than 500 px: the mail is shown in a frame of the width that is meant.
      echo "<!DOCTYPE html><html style='color-scheme:$scheme'><body style='margin:0'>
        <iframe src='$mail.html' style='border:0;width:${width}px;height:1500px'></iframe>" > "$work/frame.html"
      "$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$work/profile" \
        --blink-settings=preferredColorScheme=$preferred --window-size=$((width < 500 ? 500 : width)),1500 \
        --screenshot="$into/$mail-$width-$scheme.png" "file://$work/frame.html" > /dev/null 2>&1
      echo "$into/$mail-$width-$scheme.png"
    done
  done
done
