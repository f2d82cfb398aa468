/** The part of vega-scenegraph (which has no types of its own) that the plot step replaces. */
declare module 'vega-scenegraph' {
  export interface TextItem {
    fontSize?: number;
    fontWeight?: string | number;
  }
  export const textMetrics: {
    width: (item: TextItem, text: unknown) => number;
  };
}
