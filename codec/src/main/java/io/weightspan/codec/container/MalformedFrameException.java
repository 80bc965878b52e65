package io.weightspan.codec.container;

import java.io.IOException;

/** Bytes that are not the zstd frame that R-MSG-007 asks for. Callers name the place and choose the code. */
public final class MalformedFrameException extends IOException {
    private static final long serialVersionUID = 1L;

    /**
     * A frame that cannot be decoded.
     *
     * @param reason what is wrong with it
     */
    public MalformedFrameException(String reason) {
        super(reason);
    }
}
