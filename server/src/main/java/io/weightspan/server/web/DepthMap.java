package io.weightspan.server.web;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Values of tensors in a grid: layers downwards, kinds of tensor across. A tensor's layer is the first number between
 * dots of its name, its kind the rest of the name; tensors without such a number belong to no layer and are left out.
 *
 * @param layers the layers' numbers, ascending
 * @param kinds the kinds' names, the heaviest first
 * @param rows for each layer a cell for each kind
 * @param leftOut how many tensors are not in the grid
 */
record DepthMap(List<Integer> layers, List<String> kinds, List<List<Cell>> rows, int leftOut) {

    /** More columns would be no picture. */
    private static final int MAX_KINDS = 12;

    /** More rows would be none either. */
    private static final int MAX_LAYERS = 200;

    private static final double LEAST_PART = 0.01;

    private static final int SHADES = 10;
    private static final Pattern NAME = Pattern.compile("(?:.*?\\.)??(\\d{1,4})\\.(.+)");

    /**
     * One cell.
     *
     * @param text its value, for people; empty where there is no such tensor
     * @param shade from 0, little, to 9, much; -1 where there is no such tensor
     */
    record Cell(String text, int shade) {

        private static final Cell NONE = new Cell("", -1);

        /** Returns the name of the class that gives the cell its colour. */
        String style() {
            return shade < 0 ? "none" : "h" + shade;
        }
    }

    /** How a value is shown. */
    @FunctionalInterface
    interface Text {

        /** Returns the value as people read it. */
        String of(double value);
    }

    /**
     * What is put into the grid.
     *
     * @param name the tensor's
     * @param value what is shown
     * @param weight its bytes, or another measure of how much it matters
     */
    record Entry(String name, double value, double weight) {}

    private record Place(int layer, String kind) {}

    /**
     * Makes the grid of the kinds that matter: each at least a hundredth of all that weighs, the heaviest first.
     *
     * @param entries each tensor once
     * @param text writes a value
     * @param span values that are no further apart than this look alike: the shades stand for at least so much
     */
    static DepthMap of(List<Entry> entries, Text text, double span) {
        Map<Place, Double> placed = new HashMap<>();
        Map<String, Double> weights = new LinkedHashMap<>();
        double total = 0;
        for (Entry entry : entries) {
            Optional<Place> place = place(entry.name());
            total += entry.weight();
            if (place.isPresent() && placed.putIfAbsent(place.get(), entry.value()) == null) {
                weights.merge(place.get().kind(), entry.weight(), Double::sum);
            }
        }
        double least = LEAST_PART * total;
        List<String> kinds = weights.entrySet().stream()
                .filter(kind -> kind.getValue() >= least)
                .sorted(Map.Entry.<String, Double>comparingByValue().reversed())
                .limit(MAX_KINDS)
                .map(Map.Entry::getKey)
                .toList();
        placed.keySet().removeIf(place -> !kinds.contains(place.kind()));
        List<Integer> layers =
                placed.keySet().stream().map(Place::layer).distinct().sorted().limit(MAX_LAYERS).toList();
        placed.keySet().removeIf(place -> !layers.contains(place.layer()));
        return new DepthMap(layers, kinds, rows(layers, kinds, placed, text, span), entries.size() - placed.size());
    }

    private static List<List<Cell>> rows(
            List<Integer> layers, List<String> kinds, Map<Place, Double> placed, Text text, double span) {
        double least = placed.values().stream().mapToDouble(Double::doubleValue).min().orElse(0);
        double most = placed.values().stream().mapToDouble(Double::doubleValue).max().orElse(0);
        double range = Math.max(span, most - least);
        double from = (least + most - range) / 2;
        List<List<Cell>> rows = new ArrayList<>();
        for (int layer : layers) {
            List<Cell> row = new ArrayList<>();
            for (String kind : kinds) {
                Double value = placed.get(new Place(layer, kind));
                row.add(value == null ? Cell.NONE : new Cell(text.of(value), shade((value - from) / range)));
            }
            rows.add(row);
        }
        return rows;
    }

    /** Returns whether there is nothing to see. */
    boolean isEmpty() {
        return rows.isEmpty();
    }

    private static Optional<Place> place(String name) {
        Matcher matcher = NAME.matcher(name);
        return matcher.matches()
                ? Optional.of(new Place(Integer.parseInt(matcher.group(1)), kind(matcher.group(2))))
                : Optional.empty();
    }

    private static String kind(String rest) {
        return rest.endsWith(".weight") && rest.length() > ".weight".length()
                ? rest.substring(0, rest.length() - ".weight".length())
                : rest;
    }

    private static int shade(double part) {
        return (int) Math.max(0, Math.min(SHADES - 1, SHADES * part));
    }
}
