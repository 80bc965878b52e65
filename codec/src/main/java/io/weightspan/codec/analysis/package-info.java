/** Tells what a family shares: spectra beside their nulls, error on members held out, bytes by rate, a verdict. */
@NullMarked
package io.weightspan.codec.analysis;

import org.jspecify.annotations.NullMarked;
