"""Makes data/words.zip, the spoken words of the notebook's last experiment.

    apt-get install espeak-ng && python solutions/14_ctc/record_words.py

Ten voices of espeak-ng 1.51 say twelve words, each voice at its own speed; each sound becomes one
file `<word>.<voice>.wav`, 8 kHz mono in 8 bits, without the silence before and after.  The same
version of espeak-ng gives the same bytes.  Nobody's voice was recorded: the program synthesises.
"""

from __future__ import annotations

import io
import subprocess
import wave
import zipfile
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

WORDS = "book cook look took good wood moon noon soon spoon cool cookbook".split()
# Voice and speed in words a minute; the last two are kept for testing.
VOICES = {
    "en-us": 150,
    "en-us+f2": 165,
    "en-us+m3": 180,
    "en-gb": 155,
    "en-gb+f4": 170,
    "en-gb-x-rp+m7": 145,
    "en-gb-x-rp+f3": 160,
    "en-gb-scotland": 175,
    "en-us+m5": 160,
    "en-gb+f5": 165,
}
RATE = 8000


def spoken(word: str, voice: str, speed: int) -> np.ndarray:
    """The sound of a word, floats at 8 kHz, its largest value 1."""
    command = ["espeak-ng", "-v", voice, "-s", str(speed), "--stdout", word]
    data = subprocess.run(command, check=True, capture_output=True).stdout
    with wave.open(io.BytesIO(data)) as file:
        rate = file.getframerate()
        # Streamed, so the header's length is a guess: the samples are what follows it.
        samples = np.frombuffer(data[44 : 44 + (len(data) - 44) // 2 * 2], dtype="<i2")
    sound = resample_poly(samples.astype(float), RATE, rate)
    loud = np.flatnonzero(np.abs(sound) > 0.02 * np.abs(sound).max())
    sound = sound[max(loud[0] - 80, 0) : loud[-1] + 80]
    return sound / np.abs(sound).max()


def wav(sound: np.ndarray) -> bytes:
    """A sound as a file of 8-bit samples."""
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setparams((1, 1, RATE, 0, "NONE", ""))
        file.writeframes(np.round(128 + 120 * sound).astype(np.uint8).tobytes())
    return stream.getvalue()


def main() -> None:
    target = Path(__file__).parent / "data" / "words.zip"
    target.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for voice, speed in VOICES.items():
            for word in WORDS:
                # Without a date, the same sounds give the same bytes.
                archive.writestr(
                    zipfile.ZipInfo(f"{word}.{voice}.wav"),
                    wav(spoken(word, voice, speed)),
                    zipfile.ZIP_DEFLATED,
                    9,
                )


if __name__ == "__main__":
    main()
