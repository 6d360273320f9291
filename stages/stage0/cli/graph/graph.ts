/** A box of text. */
export interface Box {
  readonly id: string;
  /** The first is its name. */
  readonly lines: readonly string[];
}

/** Boxes in columns, as things depend on each other: each column on those before it. */
export interface Group {
  readonly id: string;
  readonly title: string;
  readonly columns: readonly (readonly Box[])[];
}

export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly label: string;
  /** An order in time, rather than a use. */
  readonly isOrder?: boolean;
}

export interface Graph {
  /** Left to right. */
  readonly groups: readonly Group[];
  readonly edges: readonly Edge[];
}
