/** Gathers what a family is analysed from, and tells the outcome on a page that needs no server. */
@NullMarked
package io.weightspan.server.report;

import org.jspecify.annotations.NullMarked;
